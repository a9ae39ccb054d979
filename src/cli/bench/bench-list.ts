/** `drover bench --list`: the scenarios in groups, and which of them a QEMU can run here. */
import type { ScenarioGroup } from '../../bench/built-in.js';
import { HarnessError } from '../../model/errors.js';
import { columns } from '../../model/text/columns.js';
import { planScenario } from './bench-plan.js';
import type { PlanOfBench } from './bench-plan.js';

/** @param reason why a scenario does not run; absent: nobody asked */
export function listLines(
  groups: readonly ScenarioGroup[],
  reason?: ReadonlyMap<string, string | undefined>,
): string[] {
  return groups.flatMap(({ name, scenarios }, index) => [
    ...(name === '' ? [] : [...(index === 0 ? [] : ['']), `${name}:`]),
    ...columns(
      scenarios.map(({ name: scenario }) => {
        const why = reason?.get(scenario);
        if (reason === undefined) return [scenario];
        return [scenario, why === undefined ? 'runs' : `skipped: ${why}`];
      }),
    ),
  ]);
}

/** Of each scenario why it would be skipped, or refused; undefined: it would run. */
export async function obstaclesOf(input: PlanOfBench): Promise<Map<string, string | undefined>> {
  const found = new Map<string, string | undefined>();
  for (const scenario of input.scenarios) {
    const planned = await planScenario(input, scenario).catch((error: unknown) => {
      if (!(error instanceof HarnessError) || error.blame !== 'usage') throw error;
      return { skipped: error.message };
    });
    found.set(scenario.name, planned.skipped);
  }
  return found;
}
