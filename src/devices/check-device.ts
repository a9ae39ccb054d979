/** One device: a machine that has it is migrated stopped, and both sides are compared. */
import { giveTellingValues } from '../migration/arrival/telling-values.js';
import { checkPair } from '../sweep/check-pair.js';
import type { PairRequest } from '../sweep/check-pair.js';
import { migrateStopped } from '../sweep/stopped-migration.js';
import type { DeviceType } from './device-types.js';
import type { DeviceResult } from './document.js';
import { argumentsFor } from './needs.js';
import { compareGivenValues, giveDeviceValues } from './pci-values.js';
import { keepsRegisters } from './registers.js';

/** of each guest: it never runs, so it needs no more */
export const guestRamBytes = 32 * 2 ** 20;

export interface DeviceRequest extends PairRequest {
  readonly device: DeviceType;
}

/** @throws Cancelled when the signal was aborted; both QEMUs have ended then, too */
export async function checkDevice({ device, ...request }: DeviceRequest): Promise<DeviceResult> {
  const args = argumentsFor(device, guestRamBytes);
  const checked = await checkPair(request, { ramBytes: guestRamBytes }, async (run) =>
    migrateStopped(run, {
      args,
      firmware: run.context.writeGuest(),
      giveValues: async (source) => {
        await giveTellingValues(source);
        const keeps = (bar: number): boolean => keepsRegisters(device.name, bar);
        const given = await giveDeviceValues(source, keeps);
        return {
          functions: given.functions.length,
          registers: given.registers.length,
          compare: async (from, to) => compareGivenValues(from, to, given),
        };
      },
    }),
  );
  const { name, bus, category } = device;
  return {
    device: name,
    ...(bus !== undefined && { bus }),
    category,
    arguments: args,
    ...checked,
  };
}
