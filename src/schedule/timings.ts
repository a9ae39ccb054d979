/**
 * How long tests took, kept from run to run: for the order in which they start, and for shards that take equally
 * long. Pure; the file is timings-file.ts.
 */
import { array, literal, maxLength, minValue, number, object, pipe, record, string } from 'valibot';
import type { InferOutput } from 'valibot';

/** of the last passes; the median of a few forgives one that was disturbed */
const kept = 5;

const timing = object({
  /** durations of the last passes, the newest last; 0 where it was skipped */
  ms: pipe(array(pipe(number(), minValue(0))), maxLength(100)),
});

export const timingsShape = object({ version: literal(1), tests: record(string(), timing) });
export type Timings = InferOutput<typeof timingsShape>;

export const noTimings: Timings = { version: 1, tests: {} };

export interface Duration {
  readonly test: string;
  readonly ms: number;
}

/** A skipped test takes no time, and says so: it would be counted as a usual one of its family otherwise. */
export function withDurations(before: Timings, durations: readonly Duration[]): Timings {
  const tests = new Map(Object.entries(before.tests).map(([name, { ms }]) => [name, [...ms]]));
  for (const { test, ms } of durations) {
    const known = tests.get(test) ?? [];
    // What was skipped on one host and runs on another is what it is where it runs.
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

/** what a test may be expected to take when it has not been seen */
export interface Unseen {
  readonly test: string;
  readonly usualMs: number;
}

/** Expected durations: as recorded, or the median of the family, or what the definition says. */
export function expectations(timings: Timings): (test: Unseen) => number {
  const families = new Map<string, number[]>();
  for (const [name, { ms }] of Object.entries(timings.tests)) {
    const value = median(ms);
    if (value === undefined || value === 0) continue;
    const family = familyOf(name);
    const values = families.get(family);
    if (values === undefined) families.set(family, [value]);
    else values.push(value);
  }
  const medians = new Map([...families].map(([family, values]) => [family, median(values)]));
  return ({ test, usualMs }) =>
    median(timings.tests[test]?.ms ?? []) ?? medians.get(familyOf(test)) ?? usualMs;
}

/** `/x86_64/migration/precopy/unix/plain` is of the family `/x86_64/migration/precopy` */
export function familyOf(test: string): string {
  return test.split('/').slice(0, 4).join('/');
}

function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  return upper === undefined || lower === undefined ? undefined : (lower + upper) / 2;
}
