/**
 * A virtio network card. The test sends frames of known content, which the card writes to guest
 * memory; then the card sends that memory as frames, and the test compares them.
 */
import path from 'node:path';
import { pollUntil } from '../../../model/deadline.js';
import type { WaitOptions } from '../../../model/deadline.js';
import { contractError } from '../../../model/errors.js';
import { escapeValue } from '../../../model/command-line.js';
import type { Side } from '../../../model/outcome.js';
import { DeviceSocket } from './device-socket.js';
import type { QtestClient } from '../../../qemu/qtest.js';
import { VirtioQueue, batchSize, pageBytes, queuePages } from './virtio-queue.js';
import type { Done } from './virtio-queue.js';
import { VirtioTransport, legacyVirtio } from './virtio-transport.js';
import type { WritingDevice, Written } from './writing-device.js';
import { hex } from '../../../model/text/format.js';

/** before each frame in guest memory; all zeroes: no checksum or segmentation offload */
const headerBytes = 10;
/** header, frame */
const parts = 2;
const receiving = 0;
const sending = 1;

/** on the cable, before each frame */
const lengthBytes = 4;
/** EtherType that the IEEE reserves for local experiments */
const protocol = 0x88b5;
const protocolAt = 12;
/** deadline for the connection of a QEMU to the socket */
const connectMs = 30_000;

export async function openVirtioNet(directory: string): Promise<WritingDevice> {
  return new VirtioNet({
    source: await openCable(path.join(directory, 'net-source')),
    destination: await openCable(path.join(directory, 'net-destination')),
  });
}

/** A frame as large as a page; each 8 bytes after its header name the frame and their offset. */
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

/** The cable of one card. */
interface Cable {
  readonly socket: DeviceSocket;
  /** what the card sent, without its own announcements */
  readonly frames: Buffer[];
}

async function openCable(file: string): Promise<Cable> {
  const frames: Buffer[] = [];
  const socket = await DeviceSocket.listen(file, (bytes) => {
    if (bytes.length < lengthBytes) return 0;
    const end = lengthBytes + bytes.readUInt32BE();
    if (bytes.length < end) return 0;
    const found = bytes.subarray(lengthBytes, end);
    if (found.readUInt16BE(protocolAt) === protocol) frames.push(found);
    return end;
  });
  return { socket, frames };
}

/** Puts a frame on a cable, for the card to receive. */
async function put({ socket }: Cable, bytes: Buffer): Promise<void> {
  const length = Buffer.alloc(lengthBytes);
  length.writeUInt32BE(bytes.length);
  await socket.send(Buffer.concat([length, bytes]), { timeoutMs: connectMs });
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
    const file = escapeValue(this.cables[side].socket.file);
    return [
      ...['-netdev', `stream,id=cable0,server=off,addr.type=unix,addr.path=${file}`],
      // without the card's boot ROM, which is not needed
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
    for (const bytes of this.#expected) await put(this.cables[this.#side], bytes);
  }

  async finish(wait: WaitOptions): Promise<Written> {
    requireWhole((await this.#receive?.finish(wait)) ?? []);
    return new Map(this.#pages.map((page, index) => [page, this.#expected[index] ?? frame(0)]));
  }

  /**
   * Frames that the source's card has not received are lost, as on a real network. The buffers that
   * wait for frames have migrated: the test sends other frames for them.
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
      await put(this.cables.destination, bytes);
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
        throw contractError(
          'device-read-wrong',
          `what the network card sent from guest memory at ${hex(address)} is not what is there`,
          { side: this.#side },
        );
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of Object.values(this.cables)) await socket[Symbol.asyncDispose]();
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
  throw contractError(
    'short-frame',
    `the network card received frame ${short.request} of a batch with ${short.written} bytes; ${expected} are expected`,
    { lastSeen: `${short.written} bytes` },
  );
}
