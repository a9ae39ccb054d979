/** Made-up results of `drover devices`. */
import type { DeviceResult } from './document.js';
import type { DeviceOutcome, DeviceOutcomeKind, DeviceStateDifference } from './outcome.js';

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
  kind: DeviceOutcomeKind,
  differences: readonly DeviceStateDifference[] = [differenceIn('dev', 'one', '1')],
): DeviceOutcome {
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

export function resultOf(
  device: string,
  kind: DeviceOutcomeKind,
  differences?: readonly DeviceStateDifference[],
): DeviceResult {
  return {
    ...{ device, bus: 'PCI', category: 'Network', durationMs: 1000 },
    arguments: ['-nodefaults', '-device', `${device},id=dut`],
    outcome: outcomeOfKind(kind, differences),
  };
}
