/**
 * The qtest protocol: one text line a command, answered in order by `OK ...`, `FAIL ...` or `ERR
 * ...`; lines that begin with `IRQ` come unasked and are ignored. Reads and writes guest-physical
 * memory. Slow by design (a round trip a command): the twin that fast readers are compared with.
 */
import type { Duplex } from 'node:stream';
import { timeoutError, within } from '../model/deadline.js';
import type { WaitOptions } from '../model/deadline.js';
import { deferred } from '../model/deferred.js';
import type { Deferred } from '../model/deferred.js';
import { HarnessError } from '../model/errors.js';
import type { Side } from '../model/outcome.js';
import { LineSplitter } from '../qmp/line-splitter.js';
import { hex } from '../model/text/format.js';

/** default deadline of a command */
const usualMs = 30_000;

/** of an I/O port: 1, 2 or 4 bytes */
export type PortWidth = 'b' | 'w' | 'l';

export class QtestClient {
  readonly #socket: Duplex;
  readonly #side: Side | undefined;
  readonly #wait: WaitOptions;
  readonly #waiting: Deferred<string>[] = [];
  #closed: HarnessError | undefined;

  constructor(socket: Duplex, side?: Side, commandMs = usualMs) {
    this.#wait = { timeoutMs: commandMs };
    this.#socket = socket;
    this.#side = side;
    const lines = new LineSplitter((line) => {
      if (!line.startsWith('IRQ')) this.#waiting.shift()?.resolve(line);
    });
    socket.on('data', (chunk: Buffer) => {
      lines.push(chunk);
    });
    for (const end of ['error', 'end', 'close'] as const) {
      socket.on(end, () => {
        this.#close();
      });
    }
  }

  /** reads `length` bytes at a guest-physical address */
  async read(address: number, length: number, wait: WaitOptions = this.#wait): Promise<Buffer> {
    const answer = await this.#command(`read ${hex(address)} ${hex(length)}`, wait);
    const bytes = Buffer.from(answer.replace(/^0x/, ''), 'hex');
    if (bytes.length !== length) {
      throw this.#refused(`read of ${length} bytes at ${hex(address)}`, answer);
    }
    return bytes;
  }

  async readByte(address: number, wait: WaitOptions = this.#wait): Promise<number> {
    return Number(BigInt(await this.#command(`readb ${hex(address)}`, wait)));
  }

  async writeByte(address: number, value: number, wait: WaitOptions = this.#wait): Promise<void> {
    await this.#command(`writeb ${hex(address)} ${hex(value)}`, wait);
  }

  /** writes bytes at a guest-physical address */
  async write(address: number, bytes: Buffer, wait: WaitOptions = this.#wait): Promise<void> {
    const size = hex(bytes.length);
    // a third shorter than `write` with its digits
    await this.#command(`b64write ${hex(address)} ${size} ${bytes.toString('base64')}`, wait);
  }

  /** reads an I/O port of an x86 machine */
  async inPort(width: PortWidth, port: number, wait: WaitOptions = this.#wait): Promise<number> {
    return Number(await this.#command(`in${width} ${hex(port)}`, wait));
  }

  /** writes an I/O port of an x86 machine */
  async outPort(
    width: PortWidth,
    port: number,
    value: number,
    wait: WaitOptions = this.#wait,
  ): Promise<void> {
    await this.#command(`out${width} ${hex(port)} ${hex(value)}`, wait);
  }

  close(): void {
    this.#close();
    this.#socket.destroy();
  }

  async #command(line: string, wait: WaitOptions): Promise<string> {
    if (this.#closed !== undefined) throw this.#closed;
    const answer = deferred<string>();
    this.#waiting.push(answer);
    this.#socket.write(`${line}\n`);
    const reply = await within(answer.promise, wait, () =>
      timeoutError({
        waitedFor: `answer to qtest '${line}'`,
        timeoutMs: wait.timeoutMs,
        side: this.#side,
      }),
    );
    if (!reply.startsWith('OK')) throw this.#refused(line, reply);
    return reply.slice(2).trim();
  }

  #refused(what: string, reply: string): HarnessError {
    return new HarnessError({
      code: 'qtest-error',
      blame: 'contract',
      message: `qtest answered '${reply.slice(0, 80)}' to ${what}`,
      side: this.#side,
    });
  }

  #close(): void {
    this.#closed ??= new HarnessError({
      code: 'qtest-closed',
      blame: 'contract',
      message: 'QEMU closed its qtest connection',
      side: this.#side,
    });
    for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#closed);
  }
}
