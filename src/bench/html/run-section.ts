/** All that is known of one run, folded. Pure. */
import { counted } from '../../model/text/format.js';
import { element, escaped } from '../../report/html-text.js';
import { figures } from '../figures.js';
import { facts, number, scrollTable } from './parts.js';
import { judgedFigures, runName } from './runs.js';
import type { Run } from './runs.js';

/** marks of a run that are listed */
const mostMarks = 60;

/** @param rerun the command that measures the same again */
export function runSection(run: Run, rerun: string | undefined): string {
  const { sample, order, id } = run;
  const { measured, failure, timeline } = sample;
  const told = judgedFigures.flatMap(({ key, name, show }) => {
    const value = measured?.[key];
    return value === undefined ? [] : [`${name} ${show(value)}`];
  });
  const result =
    failure === undefined
      ? escaped(told.join(', '))
      : `<span class="badge ${escaped(failure.kind)}">${escaped(failure.kind)}</span> ${escaped(failure.code)}`;
  return `<details><summary id="${id}">Run ${order}: ${escaped(runName(run))}: ${result}</summary><div>
${facts([
  ['failure', failure?.message],
  ['evidence', failure?.directory],
  [
    'remark',
    measured?.isForced === true
      ? 'it did not converge in time, and Drover raised the downtime limit'
      : undefined,
  ],
  ...figures.map(({ key, name, show }): [string, string | undefined] => {
    const value = measured?.[key];
    return [name, value === undefined ? undefined : show(value)];
  }),
])}
${timeline === undefined ? '' : marksTable(timeline.marks)}
${rerun === undefined ? '' : `<p>All of it again:</p>${element('pre', rerun)}`}
</div></details>`;
}

function marksTable(marks: NonNullable<Run['sample']['timeline']>['marks']): string {
  if (marks.length === 0) return '';
  const rows = marks
    .slice(0, mostMarks)
    .map(
      ({ atMs, side, name }) =>
        `<tr>${number(`${atMs.toFixed(1)} ms`)}${element('td', side)}${element('td', name)}</tr>`,
    );
  const left = marks.length - rows.length;
  const more = left > 0 ? `; ${counted(left, 'more mark')} left out` : '';
  return scrollTable(
    `Marks, by the time since the total time began${more}`,
    ['Time', 'Side', 'Mark'],
    rows,
  );
}
