/** A virtio disk that reads an image of known pages into guest memory. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { WaitOptions } from '../../../model/deadline.js';
import { contractError } from '../../../model/errors.js';
import { escapeValue } from '../../../model/command-line.js';
import type { QtestClient } from '../../../qemu/qtest.js';
import { VirtioQueue, batchSize, pageBytes } from './virtio-queue.js';
import type { Part } from './virtio-queue.js';
import { VirtioTransport, legacyVirtio } from './virtio-transport.js';
import type { WritingDevice, Written } from './writing-device.js';

const sectorsPerPage = pageBytes / 512;
const diskPages = 512;
/** has no divisor in common with the number of pages, so that the disk reads each */
const stride = 37;

/** header, data, status */
const parts = 3;
const headerBytes = 16;
const unset = 0xff;

export async function openVirtioBlk(directory: string): Promise<WritingDevice> {
  const image = path.join(directory, 'disk.img');
  const pages = Array.from({ length: diskPages }, (_, page) => contentOf(page));
  writeFileSync(image, Buffer.concat(pages));
  return new VirtioBlk(image);
}

/** Each 8 bytes of a page of the disk name the page and their offset. */
function contentOf(page: number): Buffer {
  const bytes = Buffer.alloc(pageBytes);
  for (let at = 0; at < pageBytes; at += 8) {
    bytes.writeUInt32LE(page + 1, at);
    bytes.writeUInt32LE(at, at + 4);
  }
  return bytes;
}

class VirtioBlk implements WritingDevice {
  #qtest: QtestClient | undefined;
  #queue: VirtioQueue | undefined;
  #next = 0;
  /** the last batch: address in memory to page of the disk */
  #asked = new Map<number, number>();

  constructor(private readonly image: string) {}

  args(): string[] {
    const file = escapeValue(this.image);
    return [
      ...['-blockdev', `driver=file,node-name=checked0,filename=${file},read-only=on`],
      ...['-device', `virtio-blk-pci,drive=checked0,${legacyVirtio}`],
    ];
  }

  async start(qtest: QtestClient, at: number): Promise<void> {
    const transport = new VirtioTransport(qtest);
    await transport.reset();
    const place = { index: 0, owner: 'the virtio disk', at, parts };
    this.#queue = await VirtioQueue.create(transport, place);
    this.#qtest = qtest;
    await transport.begin();
  }

  async moveTo(qtest: QtestClient): Promise<void> {
    this.#queue = this.#queue?.movedTo(new VirtioTransport(qtest));
    this.#qtest = qtest;
    await Promise.resolve();
  }

  async submit(pages: readonly number[]): Promise<void> {
    const requests: Part[][] = [];
    this.#asked = new Map();
    for (const [index, address] of pages.entries()) {
      const page = (this.#next++ * stride) % diskPages;
      this.#asked.set(address, page);
      const header = this.#headerAt(index);
      const request = Buffer.alloc(headerBytes + 1);
      request.writeBigUInt64LE(BigInt(page * sectorsPerPage), 8);
      request[headerBytes] = unset;
      await this.#qtest?.write(header, request);
      requests.push([
        { address: header, length: headerBytes, isWritten: false },
        { address, length: pageBytes, isWritten: true },
        { address: header + headerBytes, length: 1, isWritten: true },
      ]);
    }
    await this.#queue?.submit(requests);
  }

  async finish(wait: WaitOptions): Promise<Written> {
    await this.#queue?.finish(wait);
    for (let index = 0; index < this.#asked.size; index++) {
      const status = await this.#qtest?.readByte(this.#headerAt(index) + headerBytes);
      if (status === 0) continue;
      throw contractError(
        'disk-error',
        `the virtio disk ended a read with status ${status}, not 0`,
        { lastSeen: `status ${status}` },
      );
    }
    return new Map([...this.#asked].map(([address, page]) => [address, contentOf(page)]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.resolve();
  }

  #headerAt(index: number): number {
    return (this.#queue?.spareAt ?? 0) + (index % batchSize) * 32;
  }
}
