/** Made-up outcomes of a sweep. */
import type { NamedOutcome } from './document.js';
import type { DeviceStateDifference, SweepOutcome, SweepOutcomeKind } from './outcome.js';

const compared = {
  ...{ sections: 30, blocks: 4, ramBytes: 2 ** 25, functions: 5, registers: 0 },
  expected: [],
  notCompared: [],
};

export function differenceIn(section: string, field: string, value: string): DeviceStateDifference {
  const text = `${section}: ${field} is ${value} at the source, 0 at the destination`;
  return { section, field, source: value, destination: '0', text };
}

export function outcomeOfKind(
  kind: SweepOutcomeKind,
  differences: readonly DeviceStateDifference[] = [differenceIn('dev', 'one', '1')],
): SweepOutcome {
  const words = [`words of ${kind}`, 'and more'];
  switch (kind) {
    case 'equal':
      return { kind, ...compared };
    case 'differs':
      return { kind, differences, ...compared };
    case 'refused':
    case 'crashed':
      return { kind, side: 'destination', during: 'migration', words };
    case 'timed-out':
      return { kind, during: 'migration', words };
    case 'not-migratable':
    case 'cannot-start':
    case 'broken':
      return { kind, words };
  }
}

export const namedOutcome = (
  name: string,
  kind: SweepOutcomeKind,
  differences?: readonly DeviceStateDifference[],
): NamedOutcome => ({ name, outcome: outcomeOfKind(kind, differences) });
