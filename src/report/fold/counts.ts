/** Counts attempts by outcome: those that decide, not retried ones, nor failures in quarantine. */
import type { EventOf } from '../../model/events.js';
import type { OutcomeKind } from '../../model/outcome.js';
import { formatCount } from '../../model/text/format.js';
import { testStatusOf } from './test-status.js';

export type Counts = Readonly<Record<OutcomeKind, number>>;

export const noCounts: Counts = { passed: 0, failed: 0, broken: 0, skipped: 0, cancelled: 0 };

export function withOutcome(counts: Counts, kind: OutcomeKind): Counts {
  return { ...counts, [kind]: counts[kind] + 1 };
}

export function withEvent(counts: Counts, event: EventOf<'test-finished'>): Counts {
  const status = testStatusOf(event);
  if (status === 'retried' || status === 'quarantined') return counts;
  return withOutcome(counts, event.outcome.kind);
}

export function totalOf(counts: Counts): number {
  return counts.passed + counts.failed + counts.broken + counts.skipped + counts.cancelled;
}

/** most important first */
export const countedKinds: readonly OutcomeKind[] = [
  'failed',
  'broken',
  'passed',
  'skipped',
  'cancelled',
];

/** Kinds that did not occur are left out. */
export function countsText(counts: Counts): string {
  return countedKinds
    .filter((kind) => counts[kind] > 0)
    .map((kind) => `${formatCount(counts[kind])} ${kind}`)
    .join(', ');
}
