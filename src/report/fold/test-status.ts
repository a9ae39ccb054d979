/** How one attempt counts: its outcome, changed by retries and quarantine. */
import type { EventOf } from '../../model/events.js';
import type { OutcomeKind } from '../../model/outcome.js';

type Finished = EventOf<'test-finished'>;

/** Most important first. */
export const testStatuses = [
  'failed',
  'broken',
  'flaky',
  'quarantined',
  'retried',
  'cancelled',
  'skipped',
  'passed',
] as const;

/**
 * `retried`: did not pass and was retried, so it decides nothing. `flaky`: passed on a retry.
 * `quarantined`: did not pass, and is a known failure.
 */
export type TestStatus = (typeof testStatuses)[number];

const bad: readonly OutcomeKind[] = ['failed', 'broken'];

export function testStatusOf({
  outcome,
  willRetry,
  retry,
  quarantined,
}: Pick<Finished, 'outcome' | 'willRetry' | 'retry' | 'quarantined'>): TestStatus {
  const { kind } = outcome;
  if (willRetry === true) return 'retried';
  if (quarantined !== undefined && bad.includes(kind)) return 'quarantined';
  if (kind === 'passed' && (retry ?? 0) > 0) return 'flaky';
  return kind;
}

/** The family of a test, by its path: `/x86_64/migration/precopy/unix/plain` to `precopy`. */
export function familyOf(test: string): string {
  const [, ...rest] = test.split('/').filter((part) => part !== '');
  if (rest[0] === 'migration') rest.shift();
  return rest.length > 1 ? (rest[0] ?? 'other') : 'other';
}
