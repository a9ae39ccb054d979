/**
 * Two benchmarks of one QEMU each, made one after the other: what to print, and what the exit code
 * depends on. Pure.
 */
import { usageError } from '../model/errors.js';
import { printableLine } from '../model/text/printable.js';
import { compareGroups } from './compare.js';
import type { BenchDocument, Comparison, ScenarioResult } from './document.js';
import { comparisonHead, remarksOf, sideText } from './rows.js';
import { comparisonLines } from './text.js';

export interface TwoBenchmarks {
  readonly lines: readonly string[];
  readonly isSlower: boolean;
  /** every scenario that both benchmarks have was compared, but those that both skipped */
  readonly isComplete: boolean;
}

interface Common {
  readonly old: ScenarioResult;
  readonly now: ScenarioResult;
}

/** @throws HarnessError `nothing-to-compare` */
export function compareBenchmarks(
  before: BenchDocument,
  after: BenchDocument,
  threshold: number,
): TwoBenchmarks {
  const common = before.scenarios.flatMap((old): Common[] => {
    const now = after.scenarios.find(({ scenario }) => scenario.name === old.scenario.name);
    return now === undefined ? [] : [{ old, now }];
  });
  if (common.length === 0) {
    throw usageError('nothing-to-compare', 'the two benchmarks have no scenario in common');
  }
  const comparisons = compareGroups(
    common.map(({ old, now }) => ({ before: old.samples, after: now.samples })),
    threshold,
  );
  const both = [
    ['old', before],
    ['new', after],
  ] as const;
  const text = [
    ...both.map(([which, { sides }]) => `${which}: ${sides.map(sideText).join('')}`),
    ...both.flatMap(([which, { warnings }]) =>
      warnings.map((warning) => `warning: ${which}: ${warning}`),
    ),
    ...hostDifferences(before, after).map((difference) => `warning: ${difference}`),
  ].map(printableLine);
  const blocks = common.flatMap(({ old, now }, index) => [
    '',
    printableLine(old.scenario.name),
    ...scenarioRemarks({ old, now }, comparisons[index] ?? [], before, after).map(
      (remark) => `  ${printableLine(remark)}`,
    ),
    ...comparisonLines(comparisons[index] ?? [], comparisonHead('new against old', 'samples')),
  ]);
  const alone = both.flatMap(([which, { scenarios }]) =>
    scenarios
      .filter(({ scenario }) => !common.some(({ old }) => old.scenario.name === scenario.name))
      .map(({ scenario }) => printableLine(`only in ${which}: ${scenario.name}`)),
  );
  return {
    lines: [...text, ...blocks, ...(alone.length === 0 ? [] : ['', ...alone])],
    isSlower: comparisons.flat().some(({ verdict }) => verdict === 'slower'),
    isComplete:
      comparisons.some(({ length }) => length > 0) &&
      common.every((each, index) => isSkipped(each) || (comparisons[index] ?? []).length > 0),
  };
}

const isSkipped = ({ old, now }: Common): boolean =>
  old.skipped !== undefined && now.skipped !== undefined;

function scenarioRemarks(
  { old, now }: Common,
  comparisons: readonly Comparison[],
  before: BenchDocument,
  after: BenchDocument,
): string[] {
  const differences = (['machine', 'accel'] as const).flatMap((name) =>
    old[name] === now[name]
      ? []
      : [`warning: the guests differ: ${name} was ${old[name]}, now ${now[name]}`],
  );
  return [
    ...differences,
    ...remarksOf(old, before, 'old'),
    ...remarksOf(now, after, 'new'),
    ...(comparisons.length === 0 && !isSkipped({ old, now })
      ? ['not compared: old or new has no sample of it']
      : []),
  ];
}

function hostDifferences(before: BenchDocument, after: BenchDocument): string[] {
  const names = ['hostname', 'kernel', 'cpu', 'cores', 'memoryBytes', 'node'] as const;
  const states = ['governor', 'turbo', 'transparentHugePages', 'ksm', 'processorLimit'] as const;
  const pairs = [
    ...names.map((name) => [name, before.host[name], after.host[name]] as const),
    ...states.map((name) => [name, before.hostState[name], after.hostState[name]] as const),
  ];
  const shown = (value: string | number | boolean | undefined): string =>
    value === undefined ? 'not reported' : String(value);
  return pairs.flatMap(([name, old, now]) =>
    old === now
      ? []
      : [
          `the hosts differ, and the result may be theirs: ${name} was ${shown(old)}, now ${shown(now)}`,
        ],
  );
}
