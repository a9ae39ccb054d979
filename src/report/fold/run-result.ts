/** The result of a run in the order of a summary: worst first, each fact once. */
import type { EventOf } from '../../model/events.js';
import { groupBy } from '../../model/group-by.js';
import { counted, formatCount } from '../../model/text/format.js';
import type { RunRecord } from './summary.js';
import { testStatusOf, testStatuses } from './test-status.js';
import type { TestStatus } from './test-status.js';

type Finished = EventOf<'test-finished'>;

export type ByStatus = Readonly<Record<TestStatus, readonly Finished[]>>;

export function byStatus(tests: readonly Finished[]): ByStatus {
  const all = Object.fromEntries(testStatuses.map((status) => [status, []])) as unknown as Record<
    TestStatus,
    Finished[]
  >;
  for (const event of tests) all[testStatusOf(event)].push(event);
  return all;
}

/** Such as `2 failed, 1 flaky, 40 passed`; those that did not occur are left out. */
export function statusCounts(of: ByStatus): string {
  return testStatuses
    .filter((status) => of[status].length > 0)
    .map((status) => `${formatCount(of[status].length)} ${status}`)
    .join(', ');
}

/** Skipped tests by reason, the most frequent reason first. */
export function skipReasons(of: ByStatus): { reason: string; tests: string[] }[] {
  const reasonOf = ({ outcome }: Finished): string =>
    outcome.kind === 'skipped' ? outcome.reason : '';
  return [...groupBy(of.skipped, reasonOf)]
    .map(([reason, own]) => ({ reason, tests: own.map(({ test }) => test) }))
    .sort((a, b) => b.tests.length - a.tests.length);
}

/** Problems of the run as a whole; each is a sentence that a report must not leave out. */
export function runProblems({ started, finished, notRun }: RunRecord): string[] {
  const said: string[] = [];
  const merged = started?.merged;
  if (finished?.failure !== undefined) {
    said.push(`the run could not be carried out: ${finished.failure.message}`);
  } else if (finished === undefined) {
    said.push('the run ended before it was complete: what follows is not all of it');
  }
  said.push(...mergeProblems(merged));
  // the tests of a missing shard are named above
  const known = notRun - (merged?.missingTests.length ?? 0);
  if (finished !== undefined && known > 0) said.push(`not run: ${formatCount(known)} tests`);
  return said;
}

/** What a merged log lacks. */
export function mergeProblems(merged: EventOf<'run-started'>['merged']): string[] {
  if (merged === undefined) return [];
  const { runs, missingShards: shards, missingTests, remarks } = merged;
  const total = String(runs[0]?.total ?? '?');
  const tests = counted(missingTests.length, 'test');
  return [
    ...(shards.length > 0 ? [`missing: shard ${shards.join(', ')} of ${total}`] : []),
    ...(missingTests.length > 0 ? [`missing: results of ${tests}`] : []),
    ...remarks,
  ];
}
