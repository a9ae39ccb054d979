/**
 * What a device writes to guest memory during a migration must arrive as well: the device writes
 * known content to pages, to some of them again after QEMU sent them. At the destination each page
 * must hold what was written last, and the device must work on.
 */
import { contractError } from '../../../model/errors.js';
import { batchSize, pageBytes } from './virtio-queue.js';
import type { WritingDevice, Written } from './writing-device.js';
import type { WritingDeviceKind } from './writing-devices.js';
import type { TestContext } from '../../../migration/context.js';
import type { Pair } from '../../../migration/pair.js';
import { waitSerial } from '../../../migration/waits.js';
import { precopy } from '../../../migration/flows/precopy.js';
import type { FlowResult } from '../../../migration/migration.js';
import { hex } from '../../../model/text/format.js';
import type { QmpEvent } from '../../../qmp/events.js';

/** behind what the guest stamps */
const queueAt = 0x7000000;
const buffersAt = 0x7100000;
const buffers = 64;
/** while memory is sent; each buffer is written to several times */
const batches = 40;

export async function deviceWrites(
  context: TestContext,
  { name, open }: WritingDeviceKind,
  beforeCheck?: (pair: Pair) => Promise<void>,
): Promise<FlowResult> {
  await using device = await open(context.directory);
  const wait = { timeoutMs: context.deadlines.eventMs, signal: context.signal };
  const last = new Map<number, Buffer>();
  const finish = async (): Promise<void> => {
    for (const [address, content] of await device.finish(wait)) last.set(address, content);
  };
  const nextBatch = batchesOfPages();
  return await precopy(context, {
    listen: 'tcp:127.0.0.1:0',
    live: true,
    iterations: 1,
    sourceArgs: device.args('source'),
    destinationArgs: device.args('destination'),
    startHook: async ({ source }) => {
      // The guest sets up a PCI register at boot, by the same two ports.
      await waitSerial(source);
      await device.start(source.qtest, queueAt);
      for (let count = 0; count < buffers / batchSize; count++) {
        await device.submit(nextBatch());
        await finish();
      }
      await device.submit(nextBatch());
    },
    liveHook: async ({ source }, signal) => {
      for (let count = 0; count < batches; count++) {
        await finish();
        if (count % 4 === 0) await device.readBack?.(someOf(last), wait);
        // the last batch may be unfinished when the guest migrates
        await device.submit(nextBatch());
      }
      // Of a page that is written often, one mark in the dirty bitmap is enough. So once all have
      // been sent and none is marked, each is written once more.
      const { statusMs: timeoutMs } = context.deadlines;
      for (const what of ['the next iteration', 'the one after it']) {
        const since = source.qmp.events.cursor;
        const isPass = ({ name: event }: QmpEvent): boolean => event === 'MIGRATION_PASS';
        await source.qmp.events.wait(isPass, { what, since, timeoutMs, signal });
      }
      for (let count = 0; count < buffers / batchSize; count++) {
        await finish();
        await device.submit(nextBatch());
      }
    },
    endHook: async (pair) => {
      await device.moveTo(pair.destination.qtest);
      await finish();
      await beforeCheck?.(pair);
      await requireContent(pair, name, last);
      await device.readBack?.(last, wait);
      await goOn(device, nextBatch(), finish);
      await requireContent(pair, name, last);
    },
  });
}

/** Every buffer in turn, with a stride that has no divisor in common with their number. */
function batchesOfPages(): () => number[] {
  let next = 0;
  return () =>
    Array.from({ length: batchSize }, () => buffersAt + ((next++ * 5) % buffers) * pageBytes);
}

function someOf(pages: Written): Written {
  return new Map([...pages].slice(0, batchSize));
}

async function goOn(
  device: WritingDevice,
  pages: readonly number[],
  finish: () => Promise<void>,
): Promise<void> {
  await device.submit(pages);
  await finish();
}

async function requireContent(
  { destination }: Pair,
  device: string,
  pages: Written,
): Promise<void> {
  for (const [address, expected] of pages) {
    const found = await destination.qtest.read(address, pageBytes);
    if (found.equals(expected)) continue;
    const offset = found.findIndex((byte, at) => byte !== expected[at]);
    const words = (bytes: Buffer): string => bytes.subarray(offset, offset + 8).toString('hex');
    throw contractError(
      'device-write-lost',
      `what ${device} wrote to guest memory at ${hex(address)} is not at the destination: the first difference is at offset ${offset}`,
      { side: 'destination', waitedFor: `${words(expected)} there`, lastSeen: words(found) },
    );
  }
}
