/**
 * What devices write into guest memory while it is migrated must arrive as well: a virtio disk reads known pages into
 * memory all along, some of them for the second and third time after they were sent; at the destination each page must
 * hold what was read there last, and the disk must go on.
 */
import { writeFileSync } from 'node:fs';
import { HarnessError } from '../model/errors.js';
import { VirtioDisk, disksReadsAtOnce, virtioDiskArgs } from '../qemu/virtio-disk.js';
import type { DiskRead } from '../qemu/virtio-disk.js';
import type { TestContext } from './context.js';
import type { Pair } from './pair.js';
import { precopy } from './precopy.js';
import type { FlowResult } from './steps.js';

const pageBytes = 4096;
/** behind what the guest stamps */
const queueAt = 0x7000000;
const buffersAt = 0x7100000;
const buffers = 64;
const diskPages = 512;
/** reads while memory is sent; each buffer is read to several times */
const batches = 40;

/** Content of a page of the disk: each 8 bytes tell the page and their place in it. */
function diskPage(page: number): Buffer {
  const bytes = Buffer.alloc(pageBytes);
  for (let at = 0; at < pageBytes; at += 8) {
    bytes.writeUInt32LE(page + 1, at);
    bytes.writeUInt32LE(at, at + 4);
  }
  return bytes;
}

export async function deviceWrites(
  context: TestContext,
  beforeCheck?: (pair: Pair) => Promise<void>,
): Promise<FlowResult> {
  const image = context.file('disk.img');
  writeFileSync(
    image,
    Buffer.concat(Array.from({ length: diskPages }, (_, page) => diskPage(page))),
  );
  const wait = { timeoutMs: context.patience.eventMs, signal: context.signal };
  const last = new Map<number, number>();
  let next = 0;
  let disk: VirtioDisk | undefined;
  /** every page of the disk and every buffer gets its turn, in strides that have no common divisor */
  const batch = (): DiskRead[] =>
    Array.from({ length: disksReadsAtOnce }, () => {
      const read = {
        diskPage: (next * 37) % diskPages,
        address: buffersAt + ((next * 5) % buffers) * pageBytes,
      };
      next += 1;
      last.set(read.address, read.diskPage);
      return read;
    });
  return await precopy(context, {
    listen: 'tcp:127.0.0.1:0',
    live: true,
    passes: 1,
    sourceArgs: virtioDiskArgs(image),
    destinationArgs: virtioDiskArgs(image),
    startHook: async ({ source }) => {
      disk = await VirtioDisk.start(source.qtest, queueAt);
      for (let count = 0; count < buffers / disksReadsAtOnce; count++) {
        await disk.submit(batch());
        await disk.finish(wait);
      }
    },
    meanwhile: async () => {
      for (let count = 0; count < batches; count++) {
        await disk?.finish(wait);
        // the last one may be under way when the guest is moved
        await disk?.submit(batch());
      }
    },
    endHook: async (pair) => {
      const { qtest } = pair.destination;
      const moved = disk?.movedTo(qtest);
      await moved?.finish(wait);
      await beforeCheck?.(pair);
      await requireContent(pair, last);
      await moved?.submit(batch());
      await moved?.finish(wait);
      await requireContent(pair, last);
    },
  });
}

async function requireContent(
  { destination }: Pair,
  last: ReadonlyMap<number, number>,
): Promise<void> {
  for (const [address, page] of last) {
    const found = await destination.qtest.read(address, pageBytes);
    const expected = diskPage(page);
    if (found.equals(expected)) continue;
    const offset = found.findIndex((byte, at) => byte !== expected[at]);
    const holds = found.readUInt32LE() - 1;
    throw new HarnessError({
      code: 'device-write-lost',
      blame: 'contract',
      message: `what a device wrote to guest memory at 0x${address.toString(16)} is not at the destination: page ${page} of the disk is expected, the first difference is at offset ${offset}`,
      side: 'destination',
      waitedFor: `page ${page} of the disk`,
      lastSeen: `begins as page ${holds} of the disk does`,
    });
  }
}
