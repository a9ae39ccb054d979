/** The phases of a migration, from the marks of its timeline; and its curves, thinned. Pure. */
import type { Mark, ProgressPoint, Timeline } from '../../model/measured.js';

export interface Phase {
  readonly kind: 'start' | 'iteration' | 'stopped' | 'postcopy' | 'after';
  readonly name: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** From the first thing that the timeline knows to the last. */
export function spanOf({ marks, progress, guestSpeed }: Timeline): readonly [number, number] {
  const times = [...marks, ...progress].map(({ atMs }) => atMs);
  const bins = times.length > 0 || guestSpeed === undefined ? [] : [guestSpeed.fromMs];
  return [Math.min(0, ...times, ...bins), Math.max(0, ...times, ...bins)];
}

/** The guest does not run from STOP of the source to RESUME of the destination. */
export function phasesOf(timeline: Timeline): Phase[] {
  const [fromMs, endMs] = spanOf(timeline);
  const phases: Phase[] = [];
  let open: Omit<Phase, 'toMs'> = { kind: 'start', name: 'start', fromMs };
  const isPostcopy = timeline.marks.some(({ name }) => name === 'postcopy-active');
  for (const mark of timeline.marks) {
    const next = phaseAfter(mark, open, isPostcopy);
    if (next === undefined) continue;
    if (mark.atMs > open.fromMs) phases.push({ ...open, toMs: mark.atMs });
    open = { ...next, fromMs: mark.atMs };
  }
  return endMs > open.fromMs ? [...phases, { ...open, toMs: endMs }] : phases;
}

function phaseAfter(
  { name, side }: Mark,
  { kind }: Pick<Phase, 'kind'>,
  isPostcopy: boolean,
): Pick<Phase, 'kind' | 'name'> | undefined {
  if (name === 'STOP' && side === 'source') return { kind: 'stopped', name: 'guest stopped' };
  if (name === 'RESUME' && side === 'destination') {
    return isPostcopy ? { kind: 'postcopy', name: 'postcopy' } : { kind: 'after', name: 'after' };
  }
  // a passage of memory while the guest is stopped belongs to the downtime
  if (kind === 'stopped') return undefined;
  if (name === 'completed' && side === 'source') return { kind: 'after', name: 'after' };
  if (kind === 'postcopy' || kind === 'after') return undefined;
  // QEMU has no event at the start of the first iteration
  if (name === 'active' && side === 'source') return { kind: 'iteration', name: 'iteration 1' };
  return name.startsWith('iteration') ? { kind: 'iteration', name } : undefined;
}

/** when the source's guest stopped, and the destination's continued */
export function switchoverOf({ marks }: Timeline): readonly [number, number] | undefined {
  const stop = marks.find(({ name, side }) => name === 'STOP' && side === 'source');
  const resume = marks.find(({ name, side }) => name === 'RESUME' && side === 'destination');
  return stop === undefined || resume === undefined ? undefined : [stop.atMs, resume.atMs];
}

/** points of a curve that are drawn at most */
export const mostPoints = 240;

/** At most `mostPoints`: of each stretch the least and the largest value, in the order of time. */
export function thinned(points: readonly CurvePoint[]): readonly CurvePoint[] {
  if (points.length <= mostPoints) return points;
  const size = Math.ceil((2 * points.length) / mostPoints);
  const kept: CurvePoint[] = [];
  for (let at = 0; at < points.length; at += size) {
    const stretch = points.slice(at, at + size);
    const ordered = stretch.toSorted((a, b) => a.value - b.value);
    const ends = [...new Set([ordered[0], ordered.at(-1)])].flatMap((each) => each ?? []);
    kept.push(...ends.sort((a, b) => a.atMs - b.atMs));
  }
  return kept;
}

export interface CurvePoint {
  readonly atMs: number;
  readonly value: number;
}

type Curve = keyof Omit<ProgressPoint, 'atMs'>;

export const curveOf = ({ progress }: Timeline, member: Curve): CurvePoint[] =>
  progress.flatMap((point) => {
    const value = point[member];
    return value === undefined ? [] : [{ atMs: point.atMs, value }];
  });

/** Pages per second that the guest wrote; a point is the start of a bin. */
export function guestCurve({ guestSpeed }: Timeline): CurvePoint[] {
  if (guestSpeed === undefined) return [];
  const { fromMs, binMs, pages } = guestSpeed;
  return pages.map((count, index) => ({
    atMs: fromMs + index * binMs,
    value: (1000 * count) / binMs,
  }));
}
