/** The scenarios that Drover brings, one row each; their names are computed (scenario.ts). */
import type { ScenarioInput } from '../suite/scenario-input.js';
import { resolveScenario } from './scenario.js';
import type { Scenario } from './scenario.js';

const inputs: readonly ScenarioInput[] = [
  { migration: { transport: 'unix' } },
  { migration: { transport: 'tcp' } },
  ...[1, 2, 4, 8].map((channels): ScenarioInput => ({
    migration: { transport: 'multifd', channels },
  })),
  { migration: { transport: 'postcopy' } },
  { migration: { transport: 'postcopy-preempt' } },
  {
    // XBZRLE sends what changed in a page, so the guest must not change all of it; the cache holds
    // all of memory.
    guest: { stamp: 'wide' },
    migration: {
      transport: 'tcp',
      capabilities: ['xbzrle'],
      parameters: { 'xbzrle-cache-size': 256 * 2 ** 20 },
    },
  },
  { migration: { transport: 'mapped-ram' } },
];

export const builtInScenarios: readonly Scenario[] = inputs.map((input) =>
  resolveScenario(input, 'built-in scenario'),
);
