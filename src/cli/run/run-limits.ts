/** What a run may take of this host at once, and which tests can therefore never start. */
import type { Arch } from '../../model/arch.js';
import type { Limits } from '../../model/demand.js';
import { limitsFor, tooLittleMemory } from '../../schedule/budget.js';
import { misfit } from '../../schedule/decide.js';
import type { PlannedTest } from '../../schedule/attempts.js';
import type { TestDefinition } from '../../suite/definition.js';
import { demandOf } from '../../suite/demand.js';
import type { AttemptOptions } from '../options/options.js';
import { hostCapacity } from '../process/host-capacity.js';

/**
 * Decided before the QEMUs are asked anything, so that threads can start meanwhile.
 * @throws HarnessError `no-memory` when none of the tests would fit
 */
export function limitsOfRun(
  options: Pick<AttemptOptions, 'jobs' | 'memoryBudget' | 'repeat'>,
  selected: readonly TestDefinition[],
  arch: Arch,
): Limits {
  const demands = selected.map((test) => demandOf(test, { arch, accel: 'tcg' }));
  const limits = limitsFor(hostCapacity(), {
    jobs: options.jobs,
    memoryBytes: options.memoryBudget,
    attempts: selected.length * options.repeat,
    lightestCpu: Math.min(...demands.map(({ cpu }) => cpu)),
  });
  const smallestBytes = Math.min(...demands.map(({ memoryBytes }) => memoryBytes));
  if (demands.length > 0 && smallestBytes > limits.memoryBytes) {
    throw tooLittleMemory(smallestBytes, limits);
  }
  return limits;
}

/**
 * A test that never fits is skipped with the figures; one that is skipped for another reason keeps
 * that.
 */
export function withoutMisfits(tests: readonly PlannedTest[], limits: Limits): PlannedTest[] {
  return tests.map((test) => {
    const reason = test.skip ?? misfit(test.demand, limits);
    return reason === undefined ? test : { ...test, skip: reason };
  });
}
