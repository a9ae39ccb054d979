/** The histories of all hosts as one HTML file of the same make as a benchmark's. */
import * as Plot from '@observablehq/plot';
import { counted } from '../../model/text/format.js';
import { element, escaped } from '../../report/html-text.js';
import { pagePieces } from '../html/page.js';
import { number, scrollTable } from '../html/parts.js';
import { shortName } from '../html/runs.js';
import { drawn, figureOf } from '../html/svg.js';
import { percent } from '../rows.js';
import { axisLabel, scaleOf } from '../units.js';
import { changeTexts, hostTitle } from './history-text.js';
import type { HostHistory } from './store.js';
import { trendGroups } from './trends.js';
import type { Trend, TrendGroup, TrendPoint } from './trends.js';

/** The pieces joined are the file. */
export function* historyHtmlPieces(
  hosts: readonly HostHistory[],
  threshold: number,
): Generator<string> {
  const all = hosts.map((host) => ({ host, groups: trendGroups(host.entries, threshold) }));
  const changes = all.flatMap(({ groups }) =>
    groups.flatMap(({ name, trends }) =>
      trends.flatMap(changeTexts).map((text) => `${name}: ${text}`),
    ),
  );
  yield* pagePieces(
    {
      title: 'drover history',
      summary:
        changes.length === 0
          ? 'no figure changed its level'
          : counted(changes.length, 'change of a level', 'changes of a level'),
      remark: `changes below ${(100 * threshold).toFixed(1)} % do not matter; hosts are not compared with each other`,
    },
    (function* () {
      if (changes.length > 0) {
        yield `<ul class="verdicts">${changes.map((text) => element('li', text)).join('\n')}</ul>\n`;
      }
      for (const { host, groups } of all) {
        yield `<section>${element('h2', hostTitle(host))}\n`;
        for (const group of groups) yield groupSection(group);
        yield '</section>\n';
      }
    })(),
  );
}

function groupSection({ name, trends }: TrendGroup): string {
  const drawings = trends.map((trend) => {
    const remark = changeTexts(trend).join('; ');
    return figureOf(trend.figure.name, trendPlot(trend), remark);
  });
  const [longest] = trends.toSorted((a, b) => b.points.length - a.points.length);
  const rows = (longest?.points ?? []).map(
    ({ time, qemu, kernel, samples, median }) =>
      `<tr>${[time, qemu, kernel].map((text) => element('td', text)).join('')}${number(String(samples))}${number(longest?.figure.show(median) ?? '')}</tr>`,
  );
  const heads = ['begun', 'QEMU', 'kernel', 'samples', longest?.figure.name ?? ''];
  return `<h3>${escaped(name)}</h3>
<div class="drawings">${drawings.join('\n')}</div>
<details><summary>The benchmarks of this series</summary>${scrollTable(`Benchmarks of ${name}`, heads, rows)}</details>
`;
}

/** Medians with intervals by the number of the benchmark, and the level between changes. */
function trendPlot({ figure, points, changes }: Trend): string {
  const scale = scaleOf(figure.key, Math.max(...points.map(({ median, high }) => high ?? median)));
  const scaled = (value: number): number => value / scale.divisor;
  const numbered = points.map((point, index) => ({ ...point, order: index + 1 }));
  type Numbered = TrendPoint & { readonly order: number };
  const [first, last] = [points[0], points.at(-1)];
  return drawn({
    summary: `Median ${figure.name} of ${points.length} benchmarks, first ${figure.show(first?.median ?? 0)}, last ${figure.show(last?.median ?? 0)}; ${changes.length} changes.`,
    height: 210,
    marginLeft: 56,
    x: {
      label: 'benchmark, by time',
      domain: [0.5, points.length + 0.5],
      tickFormat: 'd',
      ticks: Math.min(points.length, 10),
    },
    y: { label: axisLabel(figure.name, scale), grid: true, nice: true },
    marks: [
      Plot.ruleX(changes, {
        x: ({ at }: { readonly at: number }) => at + 0.5,
        stroke: 'var(--side-b)',
        strokeWidth: 2,
        strokeDasharray: '4 3',
      }),
      Plot.text(changes, {
        x: ({ at }: { readonly at: number }) => at + 0.5,
        text: ({ change }: { readonly change: number }) => percent(change),
        frameAnchor: 'top',
        textAnchor: 'start',
        dx: 4,
        fill: 'var(--side-b)',
      }),
      Plot.ruleX(
        numbered.filter(({ low, high }) => low !== undefined && high !== undefined),
        {
          x: 'order',
          y1: ({ low, median }: Numbered) => scaled(low ?? median),
          y2: ({ high, median }: Numbered) => scaled(high ?? median),
          stroke: 'var(--side-a)',
          strokeOpacity: 0.5,
        },
      ),
      Plot.line(numbered, {
        x: 'order',
        y: ({ median }: Numbered) => scaled(median),
        stroke: 'var(--side-a)',
        strokeOpacity: 0.6,
      }),
      Plot.dot(numbered, {
        x: 'order',
        y: ({ median }: Numbered) => scaled(median),
        r: 3,
        fill: 'var(--side-a)',
        title: ({ median, time, qemu }: Numbered) =>
          `${time.slice(0, 16)}: ${figure.show(median)}, QEMU ${shortName(qemu, 60)}`,
      }),
    ],
  });
}
