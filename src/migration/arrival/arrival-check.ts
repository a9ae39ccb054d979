/**
 * The arrival check: a source that has stopped and a destination that has not run yet are equal,
 * every RAM block byte for byte, every device section by section. It needs no help from the guest.
 */
import { writeFileSync } from 'node:fs';
import { contractError } from '../../model/errors.js';
import type { HarnessError } from '../../model/errors.js';
import type { ArrivalCheck } from '../../model/arrival.js';
import type { TestContext, TestMachine } from '../context.js';
import { compareDevices } from './compare-devices.js';
import type { StateDifference } from './compare-devices.js';
import { compareRam } from './compare-ram.js';

export interface Arrival {
  readonly check: ArrivalCheck;
  /** one line each; empty when both are equal */
  readonly differences: readonly string[];
  /** those of RAM alone, as lines */
  readonly ram: readonly string[];
  /** those of device state alone, as data */
  readonly states: readonly StateDifference[];
}

/** Both must stand still, all memory must be there. */
export async function compareArrival(
  source: TestMachine,
  destination: TestMachine,
): Promise<Arrival> {
  await source.context.interference.beforeCompare?.(source, destination);
  const ram = await compareRam(source, destination);
  const devices = await compareDevices(source, destination);
  return {
    check: {
      blocks: ram.blocks,
      ramBytes: ram.ramBytes,
      sections: devices.sections,
      expected: [...ram.expected, ...devices.expected],
      notCompared: [...ram.notCompared, ...devices.notCompared],
    },
    differences: [...ram.differences, ...devices.differences],
    ram: ram.differences,
    states: devices.states,
  };
}

/** lines of a failure; the file has all */
const mostLines = 20;

export function stateDiffers(context: TestContext, { differences }: Arrival): HarnessError {
  const file = context.file('differences.txt');
  writeFileSync(file, `${differences.join('\n')}\n`, { mode: 0o600 });
  const more = differences.length - mostLines;
  return contractError(
    'state-differs',
    `the machine that arrived is not the one that left: ${differences[0] ?? ''}`,
    {
      side: 'destination',
      details: [
        ...differences.slice(0, mostLines),
        ...(more > 0 ? [`and ${more} more lines, in ${file}`] : []),
      ],
    },
  );
}
