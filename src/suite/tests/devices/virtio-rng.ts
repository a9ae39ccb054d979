/**
 * A virtio device for random numbers whose entropy is all but random: it comes from a socket of ours, by the protocol of
 * the entropy gathering daemon, and tells its place in the stream.
 */
import path from 'node:path';
import type { WaitOptions } from '../../../model/deadline.js';
import { HarnessError } from '../../../model/errors.js';
import { escapeValue } from '../../../model/command-line.js';
import type { Side } from '../../../model/outcome.js';
import { DeviceSocket } from './device-socket.js';
import type { QtestClient } from '../../../qemu/qtest.js';
import { VirtioQueue, pageBytes } from './virtio-queue.js';
import { VirtioTransport, legacyVirtio } from './virtio-transport.js';
import type { WritingDevice, Written } from './writing-device.js';

/** the daemon's command to wait until there is as much entropy as the next byte says */
const readBlocking = 0x02;
const commandBytes = 2;
const connectMs = 30_000;

/** tells the two streams apart */
const tags: Readonly<Record<Side, number>> = { source: 0x5c, destination: 0xde };

/** Bytes of a side's stream: each 8 of them tell the side and their place. */
function stream(side: Side, from: number, length: number): Buffer {
  const first = Math.floor(from / 8);
  const cells = Buffer.alloc((Math.ceil((from + length) / 8) - first) * 8);
  for (let at = 0; at < cells.length; at += 8) {
    cells.writeUInt32LE(first + at / 8, at);
    cells.fill(tags[side], at + 4, at + 8);
  }
  return cells.subarray(from - first * 8, from - first * 8 + length);
}

/** Answers one QEMU's requests. */
class Daemon implements AsyncDisposable {
  #rest: Buffer = Buffer.alloc(0);
  #sent = 0;
  #socket: DeviceSocket | undefined;

  private constructor(private readonly side: Side) {}

  static async open(side: Side, file: string): Promise<Daemon> {
    const daemon = new Daemon(side);
    daemon.#socket = await DeviceSocket.listen(file, (bytes) => {
      daemon.#hear(bytes);
    });
    return daemon;
  }

  get file(): string {
    return this.#socket?.file ?? '';
  }

  #hear(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    while (this.#rest.length >= commandBytes) {
      const [command, length = 0] = this.#rest;
      this.#rest = this.#rest.subarray(commandBytes);
      // whatever else QEMU may say, the stream is only for this; what then is missing is told by who waits for it
      if (command !== readBlocking) return;
      const answer = stream(this.side, this.#sent, length);
      this.#sent += length;
      this.#socket?.send(answer, { timeoutMs: connectMs }).catch(() => undefined);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#socket?.[Symbol.asyncDispose]();
  }
}

export async function openVirtioRng(directory: string): Promise<WritingDevice> {
  return new VirtioRng({
    source: await Daemon.open('source', path.join(directory, 'rng-source')),
    destination: await Daemon.open('destination', path.join(directory, 'rng-destination')),
  });
}

class VirtioRng implements WritingDevice {
  #side: Side = 'source';
  /** how much of the side's stream is in guest memory */
  #taken = 0;
  #queue: VirtioQueue | undefined;
  #pages: readonly number[] = [];
  /** of the batch, in the order of its pages */
  #arrived: Buffer[] = [];

  constructor(private readonly daemons: Readonly<Record<Side, Daemon>>) {}

  args(side: Side): string[] {
    const file = escapeValue(this.daemons[side].file);
    return [
      ...['-chardev', `socket,id=entropy0,server=off,path=${file}`],
      ...['-object', 'rng-egd,id=rng0,chardev=entropy0'],
      ...['-device', `virtio-rng-pci,rng=rng0,${legacyVirtio}`],
    ];
  }

  async start(qtest: QtestClient, at: number): Promise<void> {
    const transport = new VirtioTransport(qtest);
    await transport.reset();
    const place = { index: 0, owner: 'the virtio device for random numbers', at, parts: 1 };
    this.#queue = await VirtioQueue.create(transport, place);
    await transport.begin();
  }

  async submit(pages: readonly number[]): Promise<void> {
    this.#pages = pages;
    this.#arrived = [];
    await this.#queue?.submit(
      pages.map((address) => [{ address, length: pageBytes, isWritten: true }]),
    );
  }

  async finish(wait: WaitOptions): Promise<Written> {
    for (const { written } of (await this.#queue?.finish(wait)) ?? []) this.#take(written);
    return new Map(this.#pages.map((page, index) => [page, this.#arrived[index] ?? Buffer.of()]));
  }

  /** What was asked of the source's daemon and had not arrived is asked of the destination's, from its beginning. */
  async moveTo(qtest: QtestClient): Promise<void> {
    for (const { written } of (await this.#queue?.collect()) ?? []) this.#take(written);
    this.#queue = this.#queue?.movedTo(new VirtioTransport(qtest));
    this.#side = 'destination';
    this.#taken = 0;
  }

  #take(written: number): void {
    if (written !== pageBytes) {
      throw new HarnessError({
        code: 'short-entropy',
        blame: 'contract',
        message: `the virtio device for random numbers filled ${written} of ${pageBytes} bytes of a page`,
        lastSeen: `${written} bytes`,
      });
    }
    this.#arrived.push(stream(this.#side, this.#taken, written));
    this.#taken += written;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.daemons.source[Symbol.asyncDispose]();
    await this.daemons.destination[Symbol.asyncDispose]();
  }
}
