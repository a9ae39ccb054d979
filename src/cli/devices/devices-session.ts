/** One run of `drover devices`: what a sweep over devices is. */
import { checkDevice, guestRamBytes } from '../../devices/check-device.js';
import type { DeviceType } from '../../devices/device-types.js';
import { devicesVersion, namedDevice } from '../../devices/document.js';
import type { DeviceResult, DevicesDocument } from '../../devices/document.js';
import { devicePattern } from '../../devices/select.js';
import { printableLine } from '../../model/text/printable.js';
import type { PairPlan } from '../../migration/plan.js';
import { noteOnStderr } from '../process/print.js';
import { runSweep, sweepQemu } from '../sweep/sweep-session.js';
import type { DevicesOptions } from './devices-options.js';
import { devicesHtmlPieces } from './devices-html.js';

export interface DevicesRun {
  readonly plan: PairPlan;
  /** all that the source has */
  readonly known: readonly DeviceType[];
  /** those to examine */
  readonly devices: readonly DeviceType[];
  readonly options: DevicesOptions;
  readonly baseline: DevicesDocument | undefined;
  readonly directory: string;
  readonly signal: AbortSignal;
}

export async function runDevices(run: DevicesRun): Promise<number> {
  const { plan, known, devices, options, baseline, directory, signal } = run;
  const { machine } = plan;
  const pattern = devicePattern(options.match);
  if (baseline !== undefined && baseline.machine !== machine) {
    noteOnStderr(`the baseline is of machine ${baseline.machine}, not ${machine}`);
  }
  return await runSweep<DeviceType, DeviceResult, DevicesDocument>({
    ...{ items: devices, directory, signal, options, noun: 'device', ramBytes: guestRamBytes },
    qemus: [
      sweepQemu({ binary: plan.source, features: plan.sourceFeatures }),
      sweepQemu({ binary: plan.destination, features: plan.destinationFeatures }),
    ],
    about: [`machine      ${printableLine(machine)}`],
    check: async ({ item, ...visit }) =>
      checkDevice({ ...visit, plan, device: item, timeoutMs: options.timeout }),
    named: namedDevice,
    documentOf: (usual) => ({ version: devicesVersion, ...usual, machine, known: known.length }),
    html: devicesHtmlPieces,
    baseline: baseline && {
      document: baseline,
      known: new Set(known.map(({ name }) => name)),
      isSelected: (name) => pattern.test(name),
    },
  });
}
