/**
 * A driver for one virtio disk, run from outside over qtest: it reads the disk into guest memory, so that the device, not
 * the guest, writes there. Legacy virtio over I/O ports, one queue, requests of one page. x86 machines only.
 *
 * Layout and registers: Virtual I/O Device specification, version 1.2, "Legacy Interface" of 2.7 and 4.1.4.10.
 */
import { pause, timeoutError } from '../model/deadline.js';
import type { WaitOptions } from '../model/deadline.js';
import { HarnessError } from '../model/errors.js';
import type { QtestClient } from './qtest.js';

const pageBytes = 4096;
const sectorsPerPage = pageBytes / 512;

/** where the device sits on its bus, and where its registers are put */
const slot = 0x10;
const ports = 0xc000;

const configAddress = 0xcf8;
const configData = 0xcfc;
const pci = { command: 0x04, bar0: 0x10 } as const;
/** answers I/O ports and memory, and may write memory by itself */
const enabled = 0x7;

const register = {
  guestFeatures: ports + 0x04,
  queuePage: ports + 0x08,
  queueSize: ports + 0x0c,
  queueSelect: ports + 0x0e,
  queueNotify: ports + 0x10,
  status: ports + 0x12,
} as const;
/** acknowledged, has a driver, driver is ready */
const driverReady = 0x7;

/** of a descriptor: another follows; the device writes */
const flag = { next: 1, write: 2 } as const;
/** header, data, status */
const chain = 3;
const headerBytes = 16;

/** how many reads may be under way at once */
export const disksReadsAtOnce = 8;

/** One page of the disk, counted from 0, and the guest-physical address it is read to. */
export interface DiskRead {
  readonly diskPage: number;
  readonly address: number;
}

/** `-blockdev` and `-device` for an image that is only read */
export function virtioDiskArgs(image: string): string[] {
  const file = image.replaceAll(',', ',,');
  return [
    ...['-blockdev', `driver=file,node-name=checked0,filename=${file},read-only=on`],
    '-device',
    `virtio-blk-pci,drive=checked0,addr=0x${slot.toString(16)},disable-legacy=off,disable-modern=on`,
  ];
}

export class VirtioDisk {
  #submitted = 0;

  private constructor(
    private readonly qtest: QtestClient,
    /** guest-physical address of the queue; on a page of its own, with three more behind it */
    private readonly queueAt: number,
    private readonly queueSize: number,
  ) {}

  /** Finds the device, gives it ports and a queue in guest memory that nobody else uses. */
  static async start(qtest: QtestClient, queueAt: number): Promise<VirtioDisk> {
    const config = async (at: number, value: number): Promise<void> => {
      await qtest.outPort('l', configAddress, (0x80000000 | (slot << 11) | at) >>> 0);
      await qtest.outPort('l', configData, value);
    };
    await config(pci.bar0, ports);
    await config(pci.command, enabled);
    await qtest.outPort('b', register.status, 0);
    await qtest.outPort('b', register.status, 0x3);
    await qtest.outPort('l', register.guestFeatures, 0);
    await qtest.outPort('w', register.queueSelect, 0);
    const queueSize = await qtest.inPort('w', register.queueSize);
    if (queueSize < disksReadsAtOnce * chain || queueSize > 256) {
      throw new HarnessError({
        code: 'no-virtio-queue',
        blame: 'contract',
        message: `the virtio disk has a queue of ${queueSize} entries; 24 to 256 are expected`,
      });
    }
    const disk = new VirtioDisk(qtest, queueAt, queueSize);
    await qtest.write(queueAt, Buffer.alloc(4 * pageBytes));
    await qtest.outPort('l', register.queuePage, queueAt / pageBytes);
    await qtest.outPort('b', register.status, driverReady);
    return disk;
  }

  /** The same disk and queue after a migration, driven through the destination. */
  movedTo(qtest: QtestClient): VirtioDisk {
    const moved = new VirtioDisk(qtest, this.queueAt, this.queueSize);
    moved.#submitted = this.#submitted;
    return moved;
  }

  get #availableAt(): number {
    return this.queueAt + 16 * this.queueSize;
  }

  get #usedAt(): number {
    const end = this.#availableAt + 4 + 2 * this.queueSize + 2;
    return Math.ceil(end / pageBytes) * pageBytes;
  }

  /** behind the used ring, which is less than a page */
  #headerAt(index: number): number {
    return (
      this.#usedAt + pageBytes - disksReadsAtOnce * (headerBytes + 1) + index * (headerBytes + 1)
    );
  }

  /** Hands reads to the device, at most `disksReadsAtOnce`; those before must be done. */
  async submit(reads: readonly DiskRead[]): Promise<void> {
    for (const [index, { diskPage, address }] of reads.entries()) {
      const header = this.#headerAt(index);
      const request = Buffer.alloc(headerBytes + 1);
      request.writeBigUInt64LE(BigInt(diskPage * sectorsPerPage), 8);
      request[headerBytes] = 0xff;
      await this.qtest.write(header, request);
      const first = index * chain;
      const descriptors = Buffer.concat([
        descriptor(header, headerBytes, flag.next, first + 1),
        descriptor(address, pageBytes, flag.next | flag.write, first + 2),
        descriptor(header + headerBytes, 1, flag.write, 0),
      ]);
      await this.qtest.write(this.queueAt + 16 * first, descriptors);
      const at = (this.#submitted + index) % this.queueSize;
      await this.qtest.write(this.#availableAt + 4 + 2 * at, word(first));
    }
    this.#submitted += reads.length;
    await this.qtest.write(this.#availableAt + 2, word(this.#submitted % 65_536));
    await this.qtest.outPort('w', register.queueNotify, 0);
  }

  /** Waits until all that was submitted is done, and done well. */
  async finish({ timeoutMs, signal }: WaitOptions): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const done = (await this.qtest.read(this.#usedAt + 2, 2)).readUInt16LE();
      if (done === this.#submitted % 65_536) break;
      if (performance.now() > deadline) {
        throw timeoutError({
          waitedFor: `the virtio disk to finish request ${this.#submitted}`,
          timeoutMs,
          lastSeen: `${done} finished (modulo 65,536)`,
        });
      }
      await pause(1, signal);
    }
    for (let index = 0; index < Math.min(disksReadsAtOnce, this.#submitted); index++) {
      const status = await this.qtest.readByte(this.#headerAt(index) + headerBytes);
      if (status === 0) continue;
      throw new HarnessError({
        code: 'disk-error',
        blame: 'contract',
        message: `the virtio disk ended a read with status ${status}, not 0`,
        lastSeen: `status ${status}`,
      });
    }
  }
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function descriptor(address: number, length: number, flags: number, next: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64LE(BigInt(address));
  bytes.writeUInt32LE(length, 8);
  bytes.writeUInt16LE(flags, 12);
  bytes.writeUInt16LE(next, 14);
  return bytes;
}
