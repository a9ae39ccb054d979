/** What all formats for other programs have in common: a value with its interval, and its names. Pure. */
import { valuesOf } from '../compare.js';
import { confidence } from '../document.js';
import type { BenchDocument, ScenarioResult } from '../document.js';
import { figures } from '../figures.js';
import type { Figure, FigureKey } from '../figures.js';
import type { Label } from '../order.js';
import { medianInterval } from '../statistics/many.js';
import type { MedianInterval } from '../statistics/many.js';

export interface Summarized extends MedianInterval {
  readonly result: ScenarioResult;
  readonly label: Label;
  readonly figure: Figure;
  /** samples */
  readonly count: number;
}

/** Of each scenario, side and figure that has samples. */
export function summarized({ scenarios, sides }: BenchDocument): Summarized[] {
  return scenarios.flatMap((result) =>
    sides.flatMap(({ label }) =>
      figures.flatMap((figure): Summarized[] => {
        const values = valuesOf(result.samples, label, figure.key);
        if (values.length === 0) return [];
        const count = values.length;
        return [{ result, label, figure, count, ...medianInterval(values, confidence) }];
      }),
    ),
  );
}

/** `stop-to-resume-ms` of `stopToResumeMs`: stays as it is when a figure gets another name */
export const kebab = (key: FigureKey): string =>
  key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** `multifd:4`, or with two sides `multifd:4/A` */
export const benchmarkName = (
  { scenario }: ScenarioResult,
  label: Label,
  { sides }: BenchDocument,
): string => (sides.length > 1 ? `${scenario.name}/${label}` : scenario.name);
