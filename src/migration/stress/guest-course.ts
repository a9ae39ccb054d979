/**
 * What a guest's writes say about its migration: how long none reached memory, how fast it wrote,
 * how much it lost. Pure; times are milliseconds since 1970.
 */
import type { GuestSpeed } from '../../model/measured.js';

/** pairs of a time and a number that only grows, in the order of time */
export type Growth = ArrayLike<number>;

const timeOf = (record: Growth, sample: number): number => record[2 * sample] ?? NaN;
const valueOf = (record: Growth, sample: number): number => record[2 * sample + 1] ?? NaN;

export interface Standstill {
  readonly ms: number;
  /** the largest distance between samples at either end: so much may it be off */
  readonly resolutionMs: number;
}

/**
 * The longest time without growth that reaches into [`stopMs`, `resumeMs`]; undefined if the record
 * does not see the beginning or the end of each: also if nothing grows after `resumeMs`.
 */
export function standstill(
  record: Growth,
  stopMs: number,
  resumeMs: number,
): Standstill | undefined {
  let longest: Standstill | undefined;
  let last: number | undefined;
  for (let sample = 1; 2 * sample < record.length; sample++) {
    if (valueOf(record, sample) === valueOf(record, sample - 1)) continue;
    const atMs = timeOf(record, sample);
    if (last === undefined && atMs > stopMs) return undefined;
    if (last !== undefined && timeOf(record, last) <= resumeMs && atMs >= stopMs) {
      const ms = atMs - timeOf(record, last);
      if (longest === undefined || ms > longest.ms) {
        const gapBefore = (at: number): number => timeOf(record, at) - timeOf(record, at - 1);
        longest = { ms, resolutionMs: Math.max(gapBefore(last), gapBefore(sample)) };
      }
    }
    last = sample;
  }
  // the last standstill has no end in the record
  return last === undefined || timeOf(record, last) <= resumeMs ? undefined : longest;
}

/** The number at a time, on a straight line between two samples. */
export function valueAt(record: Growth, atMs: number): number {
  let [low, high] = [0, record.length / 2 - 1];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (timeOf(record, middle) <= atMs) low = middle;
    else high = middle;
  }
  const [fromMs, toMs] = [timeOf(record, low), timeOf(record, high)];
  const share = toMs <= fromMs ? 1 : Math.min(1, Math.max(0, (atMs - fromMs) / (toMs - fromMs)));
  return valueOf(record, low) + share * (valueOf(record, high) - valueOf(record, low));
}

/** per millisecond; undefined where nothing grew */
export function speedBetween(record: Growth, fromMs: number, toMs: number): number | undefined {
  const speed = (valueAt(record, toMs) - valueAt(record, fromMs)) / (toMs - fromMs);
  return speed > 0 && Number.isFinite(speed) ? speed : undefined;
}

/** Whole numbers; their sum is what the record grew by. @param zeroMs bins count from here on */
export function binsOf(record: Growth, binMs: number, zeroMs: number): GuestSpeed | undefined {
  const samples = record.length / 2;
  if (samples < 2) return undefined;
  const firstMs = timeOf(record, 0);
  const bins = Math.max(1, Math.ceil((timeOf(record, samples - 1) - firstMs) / binMs));
  // the outermost edges are samples, whatever rounding makes of their times
  const inner = Array.from({ length: bins - 1 }, (_, bin) =>
    valueAt(record, firstMs + (bin + 1) * binMs),
  );
  const edges = [valueOf(record, 0), ...inner, valueOf(record, samples - 1)].map(Math.round);
  const pages = edges.slice(1).map((edge, bin) => edge - (edges[bin] ?? edge));
  return { fromMs: firstMs - zeroMs, binMs, pages };
}

export interface Brownout {
  /** what the guest did not write, as time at its full speed; includes the downtime */
  readonly lostMs: number;
  /** after RESUME; absent if never within the record */
  readonly recoveryMs: number | undefined;
}

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  readonly resumeMs: number;
}

/** a guest is back at its speed if it writes for this long ... */
const backForMs = 100;
/** ... at least this share of the speed before */
const backAt = 0.9;
const stepMs = 10;

/** @param fullSpeed pages per millisecond */
export function brownoutOf(
  record: Growth,
  fullSpeed: number,
  { fromMs, toMs, resumeMs }: Span,
): Brownout {
  const written = valueAt(record, toMs) - valueAt(record, fromMs);
  const lastMs = timeOf(record, record.length / 2 - 1);
  let recoveryMs: number | undefined;
  for (let atMs = resumeMs; atMs + backForMs <= lastMs; atMs += stepMs) {
    if ((speedBetween(record, atMs, atMs + backForMs) ?? 0) < backAt * fullSpeed) continue;
    recoveryMs = atMs - resumeMs;
    break;
  }
  // a guest that keeps a pace may have caught up more than it lost
  return { lostMs: Math.max(0, toMs - fromMs - written / fullSpeed), recoveryMs };
}
