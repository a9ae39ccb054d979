/** How one attempt counts for a reader: its outcome, and what retries and quarantine make of it. */
import type { EventOf } from '../../model/events.js';
import type { OutcomeKind } from '../../model/outcome.js';

type Finished = EventOf<'test-finished'>;

/** In the order of how much a reader cares. */
export const standings = [
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
 * `retried`: did not pass and was tried again, so it decides nothing. `flaky`: passed after such a one.
 * `quarantined`: did not pass, and is known not to.
 */
export type Standing = (typeof standings)[number];

const bad: readonly OutcomeKind[] = ['failed', 'broken'];

export function standingOf({
  outcome,
  willRetry,
  retry,
  quarantined,
}: Pick<Finished, 'outcome' | 'willRetry' | 'retry' | 'quarantined'>): Standing {
  const { kind } = outcome;
  if (willRetry === true) return 'retried';
  if (quarantined !== undefined && bad.includes(kind)) return 'quarantined';
  if (kind === 'passed' && (retry ?? 0) > 0) return 'flaky';
  return kind;
}

/** What a test belongs to, by its path: `/x86_64/migration/precopy/unix/plain` to `precopy`. */
export function familyOf(test: string): string {
  const [, ...rest] = test.split('/').filter((part) => part !== '');
  if (rest[0] === 'migration') rest.shift();
  return rest.length > 1 ? (rest[0] ?? 'other') : 'other';
}
