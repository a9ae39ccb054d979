/** The histories of all hosts as text. Pure. */
import { columns } from '../../model/text/columns.js';
import { counted } from '../../model/text/format.js';
import { printableLine } from '../../model/text/printable.js';
import { pText, percent } from '../rows.js';
import { sparkLine } from '../spark.js';
import { fewestValues } from './change-points.js';
import type { HostHistory } from './store.js';
import { differencesText, trendGroups } from './trends.js';
import type { Trend, TrendGroup } from './trends.js';

export interface HistoryView {
  /** smallest change that matters, such as 0.05 */
  readonly threshold: number;
  /** the terminal shows UTF-8 */
  readonly hasSparks: boolean;
}

export const hostTitle = ({ entries, file }: HostHistory): string => {
  const [first, last] = [entries[0], entries.at(-1)];
  if (first === undefined || last === undefined) return file;
  const { hostname, cpu, cores } = last.host;
  const days = [first.time, last.time].map((time) => time.slice(0, 10)).join(' to ');
  return printableLine(
    `${hostname}: ${cpu}, ${cores} cores: ${counted(entries.length, 'benchmark')}, ${days} (${file})`,
  );
};

export const historyLines = (hosts: readonly HostHistory[], view: HistoryView): string[] =>
  hosts.flatMap((host, index) => [
    ...(index === 0 ? [] : ['']),
    hostTitle(host),
    ...trendGroups(host.entries, view.threshold).flatMap((group) => groupLines(group, view)),
  ]);

function groupLines({ name, trends }: TrendGroup, { hasSparks }: HistoryView): string[] {
  const head = ['figure', 'first', 'last', 'change', 'benchmarks', ...(hasSparks ? ['trend'] : [])];
  const rows = trends.map(({ figure, points }) => {
    const medians = points.map(({ median }) => median);
    const [first = 0, last = 0] = [medians[0], medians.at(-1)];
    const change = first > 0 && last > 0 ? percent(last / first - 1) : '';
    const spark = sparkLine(medians, Math.min(...medians), Math.max(...medians));
    return [
      ...[figure.name, figure.show(first), figure.show(last), change, String(points.length)],
      ...(hasSparks ? [spark] : []),
    ];
  });
  return [
    '',
    name,
    ...columns([head, ...rows]),
    ...trends.flatMap(changeTexts).map((text) => `  ${text}`),
  ];
}

/** One line for each change of the level. */
export function changeTexts({ figure, points, changes }: Trend): string[] {
  if (points.length < 2 * fewestValues) return [];
  return changes.flatMap(({ at, change, p }) => {
    const [before, after] = [points[at - 1], points[at]];
    if (before === undefined || after === undefined) return [];
    return [
      `change: ${figure.name} ${percent(change)} from ${after.time.slice(0, 16)}Z on, p = ${pText(p)}: ${differencesText(before, after)}`,
    ];
  });
}
