/** Made-up results of `drover devices`. */
import type { DeviceStateDifference, SweepOutcomeKind } from '../sweep/outcome.js';
import { outcomeOfKind } from '../sweep/results.fixtures.js';
import type { DeviceResult } from './document.js';

export function resultOf(
  device: string,
  kind: SweepOutcomeKind,
  differences?: readonly DeviceStateDifference[],
): DeviceResult {
  return {
    ...{ device, bus: 'PCI', category: 'Network', durationMs: 1000 },
    arguments: ['-nodefaults', '-device', `${device},id=dut`],
    outcome: outcomeOfKind(kind, differences),
  };
}
