/**
 * A virtio network card. Frames of known content are put on its cable and received into guest memory; what is there is
 * sent as frames again, and compared where the cable ends.
 */
import path from 'node:path';
import { pollUntil } from '../../../model/deadline.js';
import type { WaitOptions } from '../../../model/deadline.js';
import { HarnessError } from '../../../model/errors.js';
import { escapeValue } from '../../../model/command-line.js';
import type { Side } from '../../../model/outcome.js';
import { DeviceSocket } from './device-socket.js';
import type { QtestClient } from '../../../qemu/qtest.js';
import { VirtioQueue, batchSize, pageBytes, queuePages } from './virtio-queue.js';
import type { Done } from './virtio-queue.js';
import { VirtioTransport, legacyVirtio } from './virtio-transport.js';
import type { WritingDevice, Written } from './writing-device.js';
import { hex } from '../../../model/text/format.js';

/** before each frame in guest memory; all zeroes: no checksum or segmentation is left to the card */
const headerBytes = 10;
/** header, frame */
const parts = 2;
const receiving = 0;
const sending = 1;

/** on the cable, before each frame */
const lengthBytes = 4;
/** IEEE: for experiments on a local network */
const protocol = 0x88b5;
const protocolAt = 12;
/** putting a frame on the cable takes no time; this is for a QEMU that never took hold of it */
const connectMs = 30_000;

export async function openVirtioNet(directory: string): Promise<WritingDevice> {
  const cables = {
    source: await Cable.open(path.join(directory, 'net-source')),
    destination: await Cable.open(path.join(directory, 'net-destination')),
  };
  return new VirtioNet(cables);
}

/** A frame as large as a page; each 8 bytes behind its head tell the frame and their place in it. */
function frame(number: number): Buffer {
  const bytes = Buffer.alloc(pageBytes);
  for (let at = 0; at < pageBytes; at += 8) {
    bytes.writeUInt32LE(number + 1, at);
    bytes.writeUInt32LE(at, at + 4);
  }
  bytes.fill(0xff, 0, 6);
  bytes.write('525400d007e6', 6, 'hex');
  bytes.writeUInt16BE(protocol, protocolAt);
  return bytes;
}

/** What is put on one card's cable, and what comes out of it. */
class Cable implements AsyncDisposable {
  /** ours only: the card announces itself too */
  readonly frames: Buffer[] = [];
  #rest: Buffer = Buffer.alloc(0);
  #socket: DeviceSocket | undefined;

  static async open(file: string): Promise<Cable> {
    const cable = new Cable();
    cable.#socket = await DeviceSocket.listen(file, (bytes) => {
      cable.#hear(bytes);
    });
    return cable;
  }

  get file(): string {
    return this.#socket?.file ?? '';
  }

  async put(bytes: Buffer): Promise<void> {
    const length = Buffer.alloc(lengthBytes);
    length.writeUInt32BE(bytes.length);
    await this.#socket?.send(Buffer.concat([length, bytes]), { timeoutMs: connectMs });
  }

  #hear(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    while (this.#rest.length >= lengthBytes) {
      const end = lengthBytes + this.#rest.readUInt32BE();
      if (this.#rest.length < end) return;
      const found = this.#rest.subarray(lengthBytes, end);
      this.#rest = this.#rest.subarray(end);
      if (found.readUInt16BE(protocolAt) === protocol) this.frames.push(found);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#socket?.[Symbol.asyncDispose]();
  }
}

class VirtioNet implements WritingDevice {
  #side: Side = 'source';
  #receive: VirtioQueue | undefined;
  #send: VirtioQueue | undefined;
  #next = 0;
  /** of the batch: pages, and what each is to get */
  #pages: readonly number[] = [];
  #expected: Buffer[] = [];

  constructor(private readonly cables: Readonly<Record<Side, Cable>>) {}

  args(side: Side): string[] {
    const file = escapeValue(this.cables[side].file);
    return [
      ...['-netdev', `stream,id=cable0,server=off,addr.type=unix,addr.path=${file}`],
      // without the card's boot ROM, which nobody runs
      ...['-device', `virtio-net-pci,netdev=cable0,romfile=,${legacyVirtio}`],
    ];
  }

  async start(qtest: QtestClient, at: number): Promise<void> {
    const transport = new VirtioTransport(qtest);
    await transport.reset();
    const place = { owner: 'the virtio network card', parts };
    this.#receive = await VirtioQueue.create(transport, { ...place, index: receiving, at });
    const behind = at + queuePages * pageBytes;
    this.#send = await VirtioQueue.create(transport, { ...place, index: sending, at: behind });
    await transport.begin();
  }

  async submit(pages: readonly number[]): Promise<void> {
    this.#pages = pages;
    this.#expected = pages.map(() => frame(this.#next++));
    const queue = this.#receive;
    if (queue === undefined) throw new Error('not started');
    await queue.submit(
      pages.map((address, index) => [
        { address: queue.spareAt + index * 16, length: headerBytes, isWritten: true },
        { address, length: pageBytes, isWritten: true },
      ]),
    );
    for (const bytes of this.#expected) await this.cables[this.#side].put(bytes);
  }

  async finish(wait: WaitOptions): Promise<Written> {
    requireWhole((await this.#receive?.finish(wait)) ?? []);
    return new Map(this.#pages.map((page, index) => [page, this.#expected[index] ?? frame(0)]));
  }

  /**
   * What was on the source's cable and not yet received is lost, as on any cable that is moved. The buffers that wait for
   * frames have moved along: they get others.
   */
  async moveTo(qtest: QtestClient): Promise<void> {
    requireWhole((await this.#receive?.collect()) ?? []);
    const transport = new VirtioTransport(qtest);
    this.#side = 'destination';
    this.#send = this.#send?.movedTo(transport);
    this.#receive = this.#receive?.movedTo(transport);
    const { open = 0 } = this.#receive ?? {};
    for (let index = this.#pages.length - open; index < this.#pages.length; index++) {
      const bytes = frame(this.#next++);
      this.#expected[index] = bytes;
      await this.cables.destination.put(bytes);
    }
  }

  async readBack(pages: Written, wait: WaitOptions): Promise<void> {
    const { frames } = this.cables[this.#side];
    const all = [...pages];
    for (let first = 0; first < all.length; first += batchSize) {
      const batch = all.slice(first, first + batchSize);
      const before = frames.length;
      const queue = this.#send;
      await queue?.submit(
        batch.map(([address]) => [
          { address: queue.spareAt, length: headerBytes, isWritten: false },
          { address, length: pageBytes, isWritten: false },
        ]),
      );
      await queue?.finish(wait);
      await heard(frames, before + batch.length, wait);
      for (const [index, [address, content]] of batch.entries()) {
        if (frames[before + index]?.equals(content) === true) continue;
        throw new HarnessError({
          code: 'device-read-wrong',
          blame: 'contract',
          message: `what the network card sent from guest memory at ${hex(address)} is not what is there`,
          side: this.#side,
        });
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cables.source[Symbol.asyncDispose]();
    await this.cables.destination[Symbol.asyncDispose]();
  }
}

async function heard(frames: readonly Buffer[], count: number, wait: WaitOptions): Promise<void> {
  const waitedFor = `frame ${count} on the network card's cable`;
  await pollUntil({ waitedFor, everyMs: 1, ...wait }, () =>
    frames.length < count ? `${frames.length} frames` : undefined,
  );
}

function requireWhole(done: readonly Done[]): void {
  const expected = headerBytes + pageBytes;
  const short = done.find(({ written }) => written !== expected);
  if (short === undefined) return;
  throw new HarnessError({
    code: 'short-frame',
    blame: 'contract',
    message: `the network card received frame ${short.request} of a batch with ${short.written} bytes; ${expected} are expected`,
    lastSeen: `${short.written} bytes`,
  });
}
