/**
 * One machine type: as QEMU makes it, migrated before it has ever run; or with Drover's guest,
 * migrated while that runs. Both sides are compared.
 */
import { writeFileSync } from 'node:fs';
import { giveBoardValues, givePages } from '../migration/arrival/telling-values.js';
import { listRamPlaces } from '../qemu/address-space.js';
import type { RamPlace } from '../qemu/address-space.js';
import { checkPair } from '../sweep/check-pair.js';
import type { PairRequest } from '../sweep/check-pair.js';
import { migrateStopped } from '../sweep/stopped-migration.js';
import type { MachineMode, MachineResult } from './document.js';
import { migrateLive } from './live-migration.js';
import { blankBytes, blankFile, machineArgs } from './needs.js';

export interface MachineRequest extends PairRequest {
  readonly mode: MachineMode;
}

/** smaller blocks are ROM and the like */
const leastBytes = 2 ** 16;

/** @throws Cancelled when the signal was aborted; both QEMUs have ended then, too */
export async function checkMachine({ mode, ...request }: MachineRequest): Promise<MachineResult> {
  const { arch: target, machine } = request.plan;
  const about = { target, machine, mode };
  if (mode === 'live') {
    return { ...about, arguments: [], ...(await checkPair(request, undefined, migrateLive)) };
  }
  const args = machineArgs(target, machine);
  let ram: RamPlace[] | undefined;
  const checked = await checkPair(request, 'none', async (run) => {
    const blank = run.context.file('blank');
    writeFileSync(blank, Buffer.alloc(blankBytes), { mode: 0o600 });
    return await migrateStopped(run, {
      args: args.map((word) => (word === blankFile ? blank : word)),
      giveValues: async (source) => {
        ram = await listRamPlaces(source.qmp, run.context.signal);
        await giveBoardValues(source);
        for (const { address, size } of ram) {
          if (size < leastBytes) continue;
          await givePages(source, { start: address, end: address + size });
        }
        return { functions: 0, registers: 0 };
      },
    });
  });
  return { ...about, arguments: args, ...(ram && { ram }), ...checked };
}
