/** The views of the slowest tests, of skip reasons, and of the runs as a whole. */
import { groupBy } from '../../../model/group-by.js';
import { counted, formatCount, formatDuration } from '../../../model/text/format.js';
import type { PageRow, PageRun } from '../payload.js';
import { badge, dateText, testLink } from './badge.js';
import type { ReportData } from './data.js';
import { facts, h, numbers, table } from './dom.js';

const slowestShown = 50;

export function slowestView({ rows }: ReportData): HTMLElement {
  const ran = rows
    .map((row, index) => ({ row, index }))
    .filter(({ row }) => row.status !== 'skipped' && row.durationMs > 0)
    .sort((a, b) => b.row.durationMs - a.row.durationMs);
  const sumMs = ran.reduce((sum, { row }) => sum + row.durationMs, 0);
  const longestMs = ran[0]?.row.durationMs ?? 1;
  const bar = (row: PageRow): HTMLElement => {
    const filled = h('span', { class: 'filled' });
    filled.style.width = `${String((row.durationMs / longestMs) * 100)}%`;
    return h('span', { class: 'share', 'aria-hidden': 'true' }, filled);
  };
  const shown = ran
    .slice(0, slowestShown)
    .map(({ row, index }) => [
      testLink(row.label, index),
      badge(row.status),
      formatDuration(row.durationMs),
      bar(row),
    ]);
  return h(
    'section',
    { 'aria-labelledby': 'slowest-title' },
    h('h2', { id: 'slowest-title', tabindex: -1 }, 'Slowest tests'),
    h('p', {}, `${counted(ran.length, 'attempt')} took ${formatDuration(sumMs)} together.`),
    table(
      `The ${formatCount(shown.length)} slowest`,
      ['Test', 'Status', numbers('Time'), 'Of the longest'],
      shown,
    ),
  );
}

export function skippedView({ rows }: ReportData): HTMLElement {
  const skipped = rows
    .map((row, index) => ({ row, index }))
    .filter(({ row }) => row.status === 'skipped');
  const reasons = groupBy(skipped, ({ row }) => row.remark ?? 'no reason given');
  const groups = [...reasons].sort(([, a], [, b]) => b.length - a.length);
  return h(
    'section',
    { 'aria-labelledby': 'skipped-title' },
    h('h2', { id: 'skipped-title', tabindex: -1 }, 'Skipped tests, by reason'),
    groups.length === 0 ? h('p', {}, 'No test was skipped.') : undefined,
    ...groups.map(([reason, members]) =>
      h(
        'details',
        { class: 'group' },
        h('summary', {}, h('strong', {}, counted(members.length, 'test')), ` ${reason}`),
        h('ul', {}, ...members.map(({ row, index }) => h('li', {}, testLink(row.label, index)))),
      ),
    ),
  );
}

function runFacts({ started, shard, finished, durationMs, versions }: PageRun): HTMLElement {
  const memory = finished?.memory;
  const mib = (bytes: number): string => `${formatCount(Math.round(bytes / 2 ** 20))} MiB`;
  const qemu = (who: 'source' | 'destination'): string | undefined => {
    const told = started?.[who];
    return told === undefined ? undefined : `${told.version} (${told.package}): ${told.command}`;
  };
  const host = started?.host;
  return facts([
    ['QEMU', versions],
    ['source', qemu('source')],
    ['destination', qemu('destination')],
    ['machine', started?.machine],
    ['accelerator', started?.accel],
    ['shard', shard === undefined ? undefined : `${String(shard.index)} of ${String(shard.total)}`],
    ['began', dateText(started?.time ?? '')],
    ['took', formatDuration(durationMs)],
    [
      'sum of all attempts',
      finished?.sumMs === undefined ? undefined : formatDuration(finished.sumMs),
    ],
    ['workers', started === undefined ? undefined : String(started.workers)],
    [
      'host',
      host === undefined
        ? undefined
        : `${host.hostname}, ${host.cpu}, ${counted(host.cores, 'core')}, ${mib(host.memoryBytes)}`,
    ],
    ['kernel', host?.kernel],
    [
      'memory of all QEMUs',
      memory === undefined
        ? undefined
        : `${memory.usedBytes === undefined ? 'not measured' : `${mib(memory.usedBytes)} at most`}, reserved ${mib(memory.promisedBytes)} of ${mib(memory.budgetBytes)}`,
    ],
    ['drover', started?.drover],
    ['node', host?.node],
    [
      'exit code',
      finished === undefined ? 'none: it did not come to its end' : String(finished.exitCode),
    ],
  ]);
}

export function runView({ runs }: ReportData): HTMLElement {
  return h(
    'section',
    { 'aria-labelledby': 'run-title' },
    h('h2', { id: 'run-title', tabindex: -1 }, runs.length === 1 ? 'The run' : 'The runs'),
    ...runs.map((run, index) =>
      h(
        'section',
        { class: 'run' },
        runs.length === 1 ? undefined : h('h3', {}, `Run ${String(index + 1)}: ${run.versions}`),
        runFacts(run),
        run.warnings.length === 0
          ? undefined
          : h(
              'details',
              { open: true },
              h('summary', {}, counted(run.warnings.length, 'warning')),
              h('ul', {}, ...run.warnings.slice(0, 500).map((text) => h('li', {}, text))),
            ),
        mergedTable(run),
      ),
    ),
  );
}

function mergedTable({ started }: PageRun): HTMLElement | undefined {
  const merged = started?.merged;
  if (merged === undefined) return undefined;
  return table(
    'Merged runs',
    ['Shard', 'Host', 'Began', numbers('Workers'), numbers('Took'), 'From'],
    merged.runs.map((run) => [
      `${String(run.index)} of ${String(run.total)}`,
      run.host.hostname,
      dateText(run.time),
      String(run.workers),
      formatDuration(run.durationMs),
      run.from,
    ]),
  );
}
