/**
 * Durations of tests in earlier runs, for the order in which tests start, and for shards of equal
 * duration. Pure; the file is timings-file.ts.
 */
import { median } from 'simple-statistics';
import { array, literal, maxLength, minValue, number, object, pipe, record, string } from 'valibot';
import type { InferOutput } from 'valibot';
import { groupBy } from '../model/group-by.js';
import type { Level } from '../suite/definition.js';

/** how many of the last durations to keep; a median of a few tolerates one that was disturbed */
const kept = 5;

const timing = object({
  /** milliseconds, of the last attempts that passed, the newest last; 0 if the test was skipped */
  ms: pipe(array(pipe(number(), minValue(0))), maxLength(100)),
});

export const timingsShape = object({ version: literal(1), tests: record(string(), timing) });
export type Timings = InferOutput<typeof timingsShape>;

export const noTimings: Timings = { version: 1, tests: {} };

export interface Duration {
  readonly test: string;
  readonly ms: number;
}

/**
 * A skipped test takes no time. Without this entry it would count with the usual duration of its
 * family.
 */
export function withDurations(before: Timings, durations: readonly Duration[]): Timings {
  const tests = new Map(Object.entries(before.tests).map(([name, { ms }]) => [name, [...ms]]));
  for (const { test, ms } of durations) {
    const known = tests.get(test) ?? [];
    // If a test was skipped on one host and ran on another, the duration of the run counts.
    const values = ms === 0 ? (known.some((value) => value > 0) ? known : [0]) : [...known, ms];
    const real = values.some((value) => value > 0) ? values.filter((value) => value > 0) : values;
    tests.set(
      test,
      real.slice(-kept).map((value) => Math.round(value)),
    );
  }
  const sorted = [...tests]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, ms]) => [name, { ms }]);
  return { version: 1, tests: Object.fromEntries(sorted) as Timings['tests'] };
}

/** the expected duration of a test without a record */
export interface Unseen {
  readonly test: string;
  readonly level?: Level;
}

/**
 * without a record of the test or its family: an ordinary test, and one that waits for a guest to
 * be slowed down
 */
const usualMs = 1000;
const thoroughMs = 6000;

/** Expected durations: as recorded, or the median of the family, or by the test's level. */
export function expectations(timings: Timings): (test: Unseen) => number {
  const known = Object.entries(timings.tests)
    .filter(([, { ms }]) => ms.length > 0)
    .map(([name, { ms }]) => ({ family: familyOf(name), ms: median(ms) }))
    .filter(({ ms }) => ms > 0);
  const families = [...groupBy(known, ({ family }) => family)];
  const medians = new Map(families.map(([family, of]) => [family, median(of.map(({ ms }) => ms))]));
  return ({ test, level }) => {
    const { ms = [] } = timings.tests[test] ?? {};
    if (ms.length > 0) return median(ms);
    return medians.get(familyOf(test)) ?? (level === 'thorough' ? thoroughMs : usualMs);
  };
}

/** `/x86_64/migration/precopy/unix/plain` is of the family `/x86_64/migration/precopy` */
function familyOf(test: string): string {
  return test.split('/').slice(0, 4).join('/');
}
