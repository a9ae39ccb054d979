/** One scenario: what it showed, its figures, drawings and runs. */
import { element, escaped } from '../../report/html-text.js';
import type { BenchDocument, Sample, ScenarioResult } from '../document.js';
import type { Figure } from '../figures.js';
import { figures } from '../figures.js';
import type { Label } from '../order.js';
import { remarksOf } from '../rows.js';
import { verdictLines } from '../verdict-lines.js';
import { courseFigures, switchoverFigure } from './course-plots.js';
import type { Course } from './course-plots.js';
import { faultFigure, processorFigure, waterfallFigures } from './downtime-plots.js';
import { figuresTable } from './parts.js';
import { runSection } from './run-section.js';
import { judgedFigures, medianRun, runName, runsOf } from './runs.js';
import type { Run } from './runs.js';
import { distributionPlot, orderPlot, pairedPlot, stripPlot } from './sample-plots.js';
import { figureOf } from './svg.js';

export const scenarioId = (index: number): string => `scenario-${index + 1}`;

/** The pieces joined are the section. @param index of the scenario in the document */
export function* scenarioSection(
  result: ScenarioResult,
  index: number,
  document: BenchDocument,
): Generator<string> {
  const { scenario, machine, accel, samples, isPartial } = result;
  const labels = document.sides.map(({ label }) => label);
  const runs = runsOf(result, index);
  const verdicts = verdictLines(result, document).map(
    ({ verdict = '', text }) => `<li class="${escaped(verdict)}">${escaped(text)}</li>`,
  );
  const remarks = remarksOf(result, document).map((remark) => element('li', remark));
  yield `<section id="${scenarioId(index)}">
<h2>${escaped(scenario.name)}${isPartial ? ' (partial)' : ''}</h2>
<p>${escaped(`${machine}, ${accel}`)}</p>
${verdicts.length === 0 ? '' : `<ul class="verdicts">${verdicts.join('\n')}</ul>`}
${remarks.length === 0 ? '' : `<div class="problems"><strong>Note</strong><ul>${remarks.join('\n')}</ul></div>`}
${figuresTable(samples, labels)}`;
  if (runs.some(({ sample }) => sample.measured !== undefined)) {
    yield '<h3>All samples</h3>\n<p class="said">Each point is one migration and leads to its run below.</p><div class="drawings">';
    for (const [at, figure] of judgedFigures.entries()) {
      yield sampleFigures({ figure, labels, runs }, result, document.threshold, at === 0).join(
        '\n',
      );
    }
    yield '</div>\n<h3>Course of a migration</h3>\n<div class="drawings">';
    yield courseParts(runs, labels).join('\n');
    yield `</div>\n<details><summary>All other figures</summary><div class="drawings">`;
    for (const figure of figures.filter((each) => !judgedFigures.includes(each))) {
      const strip = stripPlot({ figure, labels, runs }, false);
      if (strip !== undefined) yield figureOf(figure.name, strip);
    }
    yield '</div></details>';
  }
  if (runs.length > 0) {
    yield `\n<h3>Runs</h3>\n<p class="said">In the order in which they ran; warm-ups that passed are not kept.</p><div class="runs">\n`;
    for (const run of runs) yield runSection(run, document.rerun);
    yield '</div>';
  }
  yield '</section>\n';
}

interface SampleInput {
  readonly figure: Figure;
  readonly labels: readonly Label[];
  readonly runs: readonly Run[];
}

function sampleFigures(
  input: SampleInput,
  { comparisons }: ScenarioResult,
  threshold: number,
  hasStops: boolean,
): string[] {
  const { name, key } = input.figure;
  const comparison = comparisons.find(({ figure }) => figure === key);
  const capital = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  return [
    [stripPlot(input, hasStops), '', 'bars: the median and its interval'],
    [
      comparison === undefined ? undefined : pairedPlot(input, comparison, threshold),
      ', B against A',
      'coloured: the change and its interval; grey: changes that do not matter',
    ],
    [
      distributionPlot(input),
      ', distribution',
      'share of the migrations that took at most this time',
    ],
    [
      orderPlot(input),
      ', in the order of the runs',
      'a slope or a step means that the host changed',
    ],
  ].flatMap(([svg, what = '', remark]) =>
    svg === undefined ? [] : [figureOf(`${capital}${what}`, svg, remark)],
  );
}

/** Drawn of the runs that are nearest to the median, since 200 courses would make a large file. */
function courseParts(runs: readonly Run[], labels: readonly Label[]): string[] {
  const coursesWith = (has: (sample: Sample) => boolean): Course[] =>
    labels.flatMap((label) => {
      const run = medianRun(runs, label, (sample) => sample.timeline !== undefined && has(sample));
      const timeline = run?.sample.timeline;
      return run === undefined || timeline === undefined
        ? []
        : [{ label, id: run.id, name: runName(run), timeline }];
    });
  const all = coursesWith(() => true);
  if (all.length === 0) return courseFigures(all);
  return [
    ...courseFigures(all),
    switchoverFigure(coursesWith(({ timeline }) => timeline?.guestSpeed !== undefined)),
    processorFigure(runs, labels),
    ...waterfallFigures(coursesWith(({ timeline }) => (timeline?.downtimeParts.length ?? 0) > 0)),
    faultFigure(runs, labels) ?? '',
  ];
}
