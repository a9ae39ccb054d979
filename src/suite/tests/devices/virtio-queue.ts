/**
 * One queue of a virtio device in guest memory, which the test fills by qtest. One batch of
 * requests at a time, so that descriptors need no book-keeping.
 *
 * Layout: Virtual I/O Device specification, version 1.2, "Legacy Interface" of 2.7.
 */
import { pollUntil } from '../../../model/deadline.js';
import type { WaitOptions } from '../../../model/deadline.js';
import { contractError } from '../../../model/errors.js';
import type { VirtioTransport } from './virtio-transport.js';

export const pageBytes = 4096;
/** most requests in a batch; the queue of virtio-rng has no more entries */
export const batchSize = 8;
/** pages of a queue; the last one is for the driver of the device */
export const queuePages = 4;

/** of a descriptor: another one follows; the device writes to it */
const flag = { next: 1, write: 2 } as const;
const largestQueue = 256;

/** A range of guest memory that belongs to a request. */
export interface Part {
  readonly address: number;
  readonly length: number;
  /** by the device; otherwise it reads */
  readonly isWritten: boolean;
}

/** A request that the device has finished. */
export interface Done {
  /** its place in the batch */
  readonly request: number;
  /** bytes that the device reports as written */
  readonly written: number;
}

export interface QueuePlace {
  /** of the device */
  readonly index: number;
  /** for messages, such as `the virtio disk` */
  readonly owner: string;
  /** guest-physical address of `queuePages` pages that nothing else uses */
  readonly at: number;
  /** descriptors of each request */
  readonly parts: number;
}

export class VirtioQueue {
  /** totals */
  #submitted = 0;
  #finished = 0;

  private constructor(
    private readonly transport: VirtioTransport,
    private readonly place: QueuePlace,
    private readonly size: number,
  ) {}

  static async create(transport: VirtioTransport, place: QueuePlace): Promise<VirtioQueue> {
    const { index, owner, at, parts } = place;
    const size = await transport.queueSize(index);
    if (size < batchSize * parts || size > largestQueue) {
      throw contractError(
        'no-virtio-queue',
        `queue ${index} of ${owner} has ${size} entries; ${batchSize * parts} to ${largestQueue} are expected`,
      );
    }
    await transport.qtest.write(at, Buffer.alloc(queuePages * pageBytes));
    await transport.placeQueue(index, at / pageBytes);
    return new VirtioQueue(transport, place, size);
  }

  /** The same queue after a migration, driven through the destination. */
  movedTo(transport: VirtioTransport): VirtioQueue {
    const moved = new VirtioQueue(transport, this.place, this.size);
    moved.#submitted = this.#submitted;
    moved.#finished = this.#finished;
    return moved;
  }

  /** a page for the driver of the device */
  get spareAt(): number {
    return this.place.at + (queuePages - 1) * pageBytes;
  }

  /** requests that the device has not reported as finished */
  get open(): number {
    return this.#submitted - this.#finished;
  }

  get #availableAt(): number {
    return this.place.at + 16 * this.size;
  }

  get #usedAt(): number {
    const end = this.#availableAt + 4 + 2 * this.size + 2;
    return Math.ceil(end / pageBytes) * pageBytes;
  }

  /** Gives requests to the device, each with as many parts as the queue was made for. */
  async submit(requests: readonly (readonly Part[])[]): Promise<void> {
    if (this.open > 0 || requests.length > batchSize) throw new Error('one batch at a time');
    const { qtest } = this.transport;
    for (const [index, parts] of requests.entries()) {
      const first = index * this.place.parts;
      await qtest.write(this.place.at + 16 * first, descriptors(parts, first));
      const at = (this.#submitted + index) % this.size;
      await qtest.write(this.#availableAt + 4 + 2 * at, word(first));
    }
    this.#submitted += requests.length;
    await qtest.write(this.#availableAt + 2, word(this.#submitted % 65_536));
    await this.transport.notify(this.place.index);
  }

  /** What the device has finished since the last time, in its order. */
  async collect(): Promise<Done[]> {
    const { qtest } = this.transport;
    const counter = (await qtest.read(this.#usedAt + 2, 2)).readUInt16LE();
    const fresh = (counter - this.#finished + 65_536) % 65_536;
    if (fresh > this.open) {
      throw contractError(
        'virtio-counter',
        `${this.place.owner} says that it finished ${fresh} requests; only ${this.open} were open`,
      );
    }
    const done: Done[] = [];
    for (let index = 0; index < fresh; index++) {
      const at = this.#usedAt + 4 + 8 * ((this.#finished + index) % this.size);
      const entry = await qtest.read(at, 8);
      const request = entry.readUInt32LE() / this.place.parts;
      done.push({ request, written: entry.readUInt32LE(4) });
    }
    this.#finished += fresh;
    return done;
  }

  /** Waits until the device has finished all requests. */
  async finish(wait: WaitOptions): Promise<Done[]> {
    const waitedFor = `end of request ${this.#submitted} of ${this.place.owner}`;
    const done: Done[] = [];
    await pollUntil({ waitedFor, everyMs: 1, ...wait }, async () => {
      done.push(...(await this.collect()));
      return this.open > 0 ? `${this.#finished} finished` : undefined;
    });
    return done;
  }
}

function descriptors(parts: readonly Part[], first: number): Buffer {
  return Buffer.concat(
    parts.map(({ address, length, isWritten }, index) => {
      const isLast = index === parts.length - 1;
      const bytes = Buffer.alloc(16);
      bytes.writeBigUInt64LE(BigInt(address));
      bytes.writeUInt32LE(length, 8);
      bytes.writeUInt16LE((isLast ? 0 : flag.next) | (isWritten ? flag.write : 0), 12);
      bytes.writeUInt16LE(isLast ? 0 : first + index + 1, 14);
      return bytes;
    }),
  );
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}
