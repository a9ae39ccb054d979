/**
 * A virtio device for random numbers whose entropy is known: the test sends it over a socket, by
 * the protocol of the entropy gathering daemon, and each 8 bytes name their place in the stream.
 */
import path from 'node:path';
import type { WaitOptions } from '../../../model/deadline.js';
import { contractError } from '../../../model/errors.js';
import { escapeValue } from '../../../model/command-line.js';
import type { Side } from '../../../model/outcome.js';
import { DeviceSocket } from './device-socket.js';
import type { QtestClient } from '../../../qemu/qtest.js';
import { VirtioQueue, pageBytes } from './virtio-queue.js';
import { VirtioTransport, legacyVirtio } from './virtio-transport.js';
import type { WritingDevice, Written } from './writing-device.js';

/** the daemon's command for as many bytes of entropy as the next byte says */
const readBlocking = 0x02;
const commandBytes = 2;
const connectMs = 30_000;

/** a byte that distinguishes the two streams */
const tags: Readonly<Record<Side, number>> = { source: 0x5c, destination: 0xde };

/** Bytes of a side's stream: each 8 of them name the side and their place. */
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
async function openDaemon(side: Side, file: string): Promise<DeviceSocket> {
  let sent = 0;
  const socket = await DeviceSocket.listen(file, (bytes) => {
    const [command, length] = bytes;
    if (length === undefined) return 0;
    // only this command gets bytes; the test's wait reports bytes that are missing after another
    // one
    if (command !== readBlocking) return commandBytes;
    const answer = stream(side, sent, length);
    sent += length;
    socket.send(answer, { timeoutMs: connectMs }).catch(() => undefined);
    return commandBytes;
  });
  return socket;
}

export async function openVirtioRng(directory: string): Promise<WritingDevice> {
  return new VirtioRng({
    source: await openDaemon('source', path.join(directory, 'rng-source')),
    destination: await openDaemon('destination', path.join(directory, 'rng-destination')),
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

  constructor(private readonly daemons: Readonly<Record<Side, DeviceSocket>>) {}

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

  /**
   * The destination's device requests again what it has not received, from the beginning of its own
   * stream.
   */
  async moveTo(qtest: QtestClient): Promise<void> {
    for (const { written } of (await this.#queue?.collect()) ?? []) this.#take(written);
    this.#queue = this.#queue?.movedTo(new VirtioTransport(qtest));
    this.#side = 'destination';
    this.#taken = 0;
  }

  #take(written: number): void {
    if (written !== pageBytes) {
      throw contractError(
        'short-entropy',
        `the virtio device for random numbers filled ${written} of ${pageBytes} bytes of a page`,
        { lastSeen: `${written} bytes` },
      );
    }
    this.#arrived.push(stream(this.#side, this.#taken, written));
    this.#taken += written;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const daemon of Object.values(this.daemons)) await daemon[Symbol.asyncDispose]();
  }
}
