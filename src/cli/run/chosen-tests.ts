/** Of tests that a command chose itself: which part of them this run has, and under which policy. */
import { readTimings } from '../../schedule/timings-file.js';
import { noTimings } from '../../schedule/timings.js';
import type { TestDefinition } from '../../suite/definition.js';
import { fullPath } from '../../suite/select.js';
import type { Arch } from '../../model/arch.js';
import type { PolicyOptions } from '../options/options.js';
import type { Environment } from '../process/environment.js';
import { readQuarantine } from './quarantine.js';
import type { SelectedRun } from './run-selected.js';
import { shardOfEnvironment, takeShard } from './shard-option.js';
import type { ShardRequest } from './shard-option.js';

export interface ChosenOptions extends PolicyOptions {
  readonly shard?: ShardRequest;
}

export function chosenTests(
  chosen: readonly TestDefinition[],
  options: ChosenOptions,
  environment: Environment,
  arch: Arch,
): Required<Pick<SelectedRun, 'selected' | 'catalogue' | 'policy'>> {
  // of random ones some may be the same
  const tests = [...new Map(chosen.map((test) => [test.path, test])).values()];
  const timings =
    (options.timings === undefined ? undefined : readTimings(options.timings)) ?? noTimings;
  const nameOf = (test: TestDefinition): string => fullPath(arch, test);
  const request = options.shard ?? shardOfEnvironment(environment.shard);
  const { tests: selected, shard } = takeShard(request, tests, timings, nameOf);
  const today = new Date().toISOString().slice(0, 10);
  const quarantine =
    options.quarantine === undefined
      ? undefined
      : readQuarantine(options.quarantine, { tests, arch, today });
  return {
    selected,
    catalogue: { all: tests, usual: tests, fileOf: () => undefined },
    policy: { ...options, shard, timings, timingsFile: options.timings, quarantine },
  };
}
