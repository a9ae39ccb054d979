/** The migrations of a scenario as the page shows them: each has a section that points lead to. Pure. */
import { median } from 'simple-statistics';
import { printableLine } from '../../model/text/printable.js';
import { figures } from '../figures.js';
import type { Figure, FigureKey } from '../figures.js';
import type { Sample, ScenarioResult } from '../document.js';
import type { Label } from '../order.js';

export interface Run {
  /** of the element that has the details */
  readonly id: string;
  /** from 1, in the order in which they ran */
  readonly order: number;
  readonly sample: Sample;
}

/** A value of a figure, with the run that it is of. */
export interface Point {
  readonly run: Run;
  readonly label: Label;
  readonly value: number;
}

/** @param index of the scenario in the document */
export const runsOf = ({ samples }: ScenarioResult, index: number): Run[] =>
  samples.map((sample, at) => ({ id: `run-${index + 1}-${at + 1}`, order: at + 1, sample }));

export const pointsOf = (runs: readonly Run[], key: FigureKey): Point[] =>
  runs.flatMap((run) => {
    const value = run.sample.measured?.[key];
    return value === undefined ? [] : [{ run, label: run.sample.label, value }];
  });

export const judgedFigures: readonly Figure[] = figures.filter(({ isJudged }) => isJudged === true);

/** `A, pair 3` */
export const runName = ({ sample: { label, pair } }: Run): string =>
  pair === 0 ? `${label}, warm-up` : `${label}, pair ${pair}`;

export const pointTitle = ({ run, value }: Point, { show }: Figure): string =>
  `${runName(run)}: ${show(value)}`;

export const linkTo = ({ run }: Point): string => `#${run.id}`;

/**
 * Of a side the run whose total time is nearest to the median, among those that `has` accepts: the
 * one whose course the page draws.
 */
export function medianRun(
  runs: readonly Run[],
  label: Label,
  has: (sample: Sample) => boolean,
): Run | undefined {
  const own = pointsOf(runs, 'totalMs').filter(
    ({ label: each, run }) => each === label && has(run.sample),
  );
  if (own.length === 0) return undefined;
  const middle = median(own.map(({ value }) => value));
  const far = ({ value }: Point): number => Math.abs(value - middle);
  return own.reduce((best, each) => (far(each) < far(best) ? each : best)).run;
}

/** Names of QEMU or of users on one line that is not too long for a drawing. */
export function shortName(text: string, most = 28): string {
  const line = printableLine(text);
  return line.length <= most ? line : `${line.slice(0, most - 1)}…`;
}
