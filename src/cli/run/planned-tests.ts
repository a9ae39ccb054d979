/** Which of the selected tests a pair of QEMUs can run, and why it skips the others. */
import type { Arch } from '../../model/arch.js';
import { usageError } from '../../model/errors.js';
import { unmet } from '../../model/features.js';
import { counted } from '../../model/text/format.js';
import type { Need } from '../../model/features.js';
import { probeHost } from '../../migration/host/host-probes.js';
import type { HostProbeOptions } from '../../migration/host/host-probes.js';
import { allFeatures } from '../../migration/plan.js';
import type { PairPlan } from '../../migration/plan.js';
import type { PlannedTest } from '../../schedule/attempts.js';
import { expectations } from '../../schedule/timings.js';
import type { Timings } from '../../schedule/timings.js';
import type { TestDefinition } from '../../suite/definition.js';
import { demandOf } from '../../suite/demand.js';
import { fullPath, selectTests } from '../../suite/select.js';
import type { Catalogue } from './catalogue.js';
import { levelOf } from '../options/options.js';
import type { OwnTestsOption, SelectionOptions } from '../options/options.js';
import type { Planned } from './plan-pair.js';

export function select(
  options: SelectionOptions & OwnTestsOption,
  { all, usual }: Catalogue,
  { arch, flaky }: { readonly arch: Arch; readonly flaky: boolean },
): TestDefinition[] {
  // without -p and -r only the user's own tests run, if there are any; -s and -x may name any test
  const named = options.p.length + options.runPrefix.length > 0;
  const selected = selectTests(
    all,
    {
      level: levelOf(options),
      flaky,
      paths: options.p,
      prefixes: options.runPrefix,
      skipPaths: options.s,
      skipPrefixes: options.skipPrefix,
    },
    arch,
  ).filter((test) => named || usual.includes(test));
  if (selected.length === 0) {
    const higher = usual.filter(({ level }) => level !== 'smoke').length;
    const hint =
      options.tests.length > 0 && higher > 0
        ? `; ${counted(higher, 'test')} of your own ${higher === 1 ? 'is' : 'are'} above level smoke: select them with -p, or raise --level`
        : '';
    throw usageError(
      'nothing-selected',
      `the options select no test to run${hint === '' ? ': check -s and -x, or raise --level' : hint}`,
    );
  }
  return selected;
}

/** Probes the host for what tests need of it, for tests whose other needs both QEMUs meet. */
export async function addHostFacts(
  planned: Planned,
  selected: readonly TestDefinition[],
  place: Omit<HostProbeOptions, 'plan'>,
): Promise<Planned> {
  if (planned.kind === 'absent') return planned;
  const { plan } = planned;
  const needs = selected.flatMap((test) => {
    const all = test.needs ?? [];
    const others = all.filter(({ kind }) => kind !== 'host');
    return skipReason({ ...test, needs: others }, plan) === undefined ? all : [];
  });
  return { ...planned, plan: { ...plan, host: await probeHost(needs, { plan, ...place }) } };
}

/** Every selected test, with a reason if this pair of QEMUs cannot run it. */
export function planTests(
  selected: readonly TestDefinition[],
  planned: Planned,
  { fileOf }: Catalogue,
  timings: Timings,
): PlannedTest[] {
  const { plan } = planned;
  const expected = expectations(timings);
  return selected.map((test) => {
    const name = fullPath(plan.arch, test);
    const file = fileOf(test);
    const skip = planned.kind === 'absent' ? planned.reason : skipReason(test, plan);
    return {
      path: test.path,
      name,
      expectedMs: expected({ test: name, level: test.level }),
      demand: demandOf(test, plan),
      file,
      skip,
    };
  });
}

function skipReason(test: TestDefinition, plan: PairPlan): string | undefined {
  if (test.arches?.includes(plan.arch) === false) {
    return `only for ${test.arches.join(', ')}`;
  }
  // name what a QEMU lacks before what this host lacks: the host can be changed
  const hostLast = (need: Need): number => (need.kind === 'host' ? 1 : 0);
  for (const need of (test.needs ?? []).toSorted((a, b) => hostLast(a) - hostLast(b))) {
    for (const features of allFeatures(plan)) {
      const reason = unmet(need, features, plan.host);
      if (reason !== undefined) return reason;
    }
  }
  return undefined;
}
