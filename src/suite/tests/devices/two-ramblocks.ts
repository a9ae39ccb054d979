/**
 * Two ramblocks: the guest's own, and a DIMM to whose pages the test writes by qtest, before and
 * during the migration.
 */
import { contractError } from '../../../model/errors.js';
import { asArray, asNumber, asObject } from '../../../model/json.js';
import type { Machine } from '../../../qemu/machine.js';
import type { TestContext } from '../../../migration/context.js';
import { precopy } from '../../../migration/flows/precopy.js';
import type { FlowResult } from '../../../migration/migration.js';
import { hex } from '../../../model/text/format.js';

const pageBytes = 4096;
/** The granularity of DIMM sizes of each machine. */
const dimmMiB: Readonly<Record<string, number>> = { ppc64: 256 };
const usualDimmMiB = 64;
/** over the whole DIMM, with its first and its last page */
const pages = 65;

function dimmArgs(ramBytes: number, dimmBytes: number): string[] {
  return [
    ...['-m', `size=${ramBytes / 2 ** 20}M,slots=1,maxmem=1G`],
    ...['-object', `memory-backend-ram,id=dimm.mem,size=${dimmBytes}`],
    ...['-device', 'pc-dimm,id=dimm0,memdev=dimm.mem'],
  ];
}

/** content of a page of the DIMM; each round writes other bytes */
function content(page: number, round: number): Buffer {
  const bytes = Buffer.alloc(pageBytes, round);
  bytes.writeUInt32LE(page);
  return bytes;
}

async function dimmAddress(machine: Machine): Promise<number> {
  const devices = asArray(await machine.qmp.executeRaw('query-memory-devices'));
  const address = asNumber(asObject(asObject(devices[0])['data'])['addr']);
  if (address !== undefined) return address;
  throw contractError(
    'no-dimm',
    `query-memory-devices on the ${machine.side} reports no address of its DIMM`,
    { side: machine.side, lastSeen: JSON.stringify(devices) },
  );
}

function pageAt(dimm: number, dimmBytes: number, page: number): number {
  const stride = (dimmBytes - pageBytes) / (pages - 1);
  return dimm + Math.floor((page * stride) / pageBytes) * pageBytes;
}

/** The test writes every other page again while QEMU sends memory. */
const roundOf = (page: number): number => (page % 2 === 0 ? 2 : 1);

export async function twoRamblocks(
  context: TestContext,
  beforeCheck?: (destination: Machine) => Promise<void>,
): Promise<FlowResult> {
  const { arch, ramBytes } = context.platform;
  const dimmBytes = (dimmMiB[arch] ?? usualDimmMiB) * 2 ** 20;
  const args = dimmArgs(ramBytes, dimmBytes);
  const write = async (source: Machine, round: number): Promise<void> => {
    const dimm = await dimmAddress(source);
    for (let page = 0; page < pages; page++) {
      if (round > roundOf(page)) continue;
      await source.qtest.write(pageAt(dimm, dimmBytes, page), content(page, round));
    }
  };
  return await precopy(context, {
    listen: 'tcp:127.0.0.1:0',
    live: true,
    iterations: 1,
    sourceArgs: args,
    destinationArgs: args,
    startHook: async ({ source }) => {
      await write(source, 1);
    },
    liveHook: async ({ source }) => {
      await write(source, 2);
    },
    endHook: async ({ destination }) => {
      await beforeCheck?.(destination);
      const dimm = await dimmAddress(destination);
      for (let page = 0; page < pages; page++) {
        const address = pageAt(dimm, dimmBytes, page);
        const found = await destination.qtest.read(address, pageBytes);
        if (found.equals(content(page, roundOf(page)))) continue;
        throw contractError(
          'ramblock-damaged',
          `page ${page} of the DIMM, at ${hex(address)}, is not what was written there last`,
          {
            side: 'destination',
            waitedFor: `page ${page} of round ${roundOf(page)}`,
            lastSeen: `page ${found.readUInt32LE()} of round ${found[pageBytes - 1] ?? 0}`,
          },
        );
      }
    },
  });
}
