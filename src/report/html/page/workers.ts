/**
 * What each worker ran and when it was idle: a lane for each worker, and the figures as a table.
 */
import { groupBy } from '../../../model/group-by.js';
import { formatCount, formatDuration } from '../../../model/text/format.js';
import type { PageRow } from '../payload.js';
import type { ReportData } from './data.js';
import { h, numbers, table } from './dom.js';

interface Worker {
  readonly name: string;
  readonly rows: { readonly row: PageRow; readonly index: number }[];
}

interface RunWorkers {
  readonly title: string;
  readonly wholeMs: number;
  readonly workers: readonly Worker[];
}

function workersOf(data: ReportData): RunWorkers[] {
  return data.runs.map((run, runIndex) => {
    const isMerged = (run.started?.merged?.runs.length ?? 0) > 1;
    const ran = data.rows
      .map((row, index) => ({ row, index }))
      .filter(({ row }) => row.run === runIndex && row.slot !== undefined)
      .sort((a, b) => a.row.shard - b.row.shard || (a.row.slot ?? 0) - (b.row.slot ?? 0));
    const nameOf = ({ slot = 0, shard }: PageRow): string =>
      `${isMerged ? `shard ${String(shard)}, ` : ''}worker ${String(slot + 1)}`;
    const workers = [...groupBy(ran, ({ row }) => nameOf(row))];
    const wholeMs = ran.reduce((last, { row }) => Math.max(last, row.endMs), run.durationMs);
    return {
      title: `run ${String(runIndex + 1)}: ${run.versions}`,
      wholeMs,
      workers: workers.map(([name, rows]) => ({ name, rows })),
    };
  });
}

const laneHeight = 26;
const laneGap = 6;

/** One canvas for all lanes, since it draws thousands of attempts at once. */
function draw(canvas: HTMLCanvasElement, { wholeMs, workers }: RunWorkers): void {
  const style = getComputedStyle(document.documentElement);
  const width = canvas.clientWidth;
  const height = workers.length * (laneHeight + laneGap);
  const scale = devicePixelRatio;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.style.height = `${String(height)}px`;
  const context = canvas.getContext('2d');
  if (context === null) return;
  context.scale(scale, scale);
  for (const [lane, { rows }] of workers.entries()) {
    const y = lane * (laneHeight + laneGap);
    context.fillStyle = style.getPropertyValue('--lane');
    context.fillRect(0, y, width, laneHeight);
    for (const { row } of rows) {
      const x = (row.startMs / wholeMs) * width;
      const length = Math.max(1, ((row.endMs - row.startMs) / wholeMs) * width - 0.5);
      context.fillStyle = style.getPropertyValue(`--draw-${row.status}`);
      context.fillRect(x, y, length, laneHeight);
    }
  }
}

/** The attempt under the pointer. */
function under(
  event: MouseEvent,
  canvas: HTMLCanvasElement,
  { wholeMs, workers }: RunWorkers,
): { readonly row: PageRow; readonly index: number } | undefined {
  const box = canvas.getBoundingClientRect();
  const lane = Math.floor((event.clientY - box.top) / (laneHeight + laneGap));
  const ms = ((event.clientX - box.left) / box.width) * wholeMs;
  return workers[lane]?.rows.find(({ row }) => row.startMs <= ms && ms <= row.endMs);
}

function runSection(run: RunWorkers, isOnly: boolean): HTMLElement {
  const { wholeMs, workers, title } = run;
  const canvas = h('canvas', {
    class: 'lanes',
    role: 'img',
    'aria-label': `What ${formatCount(workers.length)} workers did over ${formatDuration(wholeMs)}; the table below holds their figures`,
  });
  canvas.addEventListener('mousemove', (event) => {
    const found = under(event, canvas, run);
    canvas.title =
      found === undefined
        ? ''
        : `${found.row.label}: ${found.row.status}, ${formatDuration(found.row.durationMs)}`;
    canvas.classList.toggle('over', found !== undefined);
  });
  canvas.addEventListener('click', (event) => {
    const found = under(event, canvas, run);
    if (found !== undefined) location.hash = `#/test/${String(found.index)}`;
  });
  const redraw = (): void => {
    if (canvas.isConnected) draw(canvas, run);
  };
  new ResizeObserver(redraw).observe(canvas);
  canvas.addEventListener('redraw', redraw);
  return h(
    'section',
    { class: 'run' },
    isOnly ? undefined : h('h3', {}, title),
    canvas,
    h('div', { class: 'map-ends' }, h('span', {}, '0 s'), h('span', {}, formatDuration(wholeMs))),
    table(
      isOnly ? 'Figures of the workers' : `Figures of the workers, ${title}`,
      ['Worker', ...['Attempts', 'Busy', 'Of the run', 'Done after'].map(numbers)],
      workers.map(({ name, rows }) => {
        const busyMs = rows.reduce((sum, { row }) => sum + row.endMs - row.startMs, 0);
        const lastMs = rows.reduce((last, { row }) => Math.max(last, row.endMs), 0);
        const share = `${((busyMs / wholeMs) * 100).toFixed(1)} %`;
        const [busy, last] = [formatDuration(busyMs), formatDuration(lastMs)];
        return [name, formatCount(rows.length), busy, share, last];
      }),
    ),
  );
}

export function workersView(data: ReportData): HTMLElement {
  const runs = workersOf(data);
  const busy = runs.filter(({ workers }) => workers.length > 0);
  return h(
    'section',
    { 'aria-labelledby': 'workers-title' },
    h('h2', { id: 'workers-title', tabindex: -1 }, 'Workers'),
    busy.length === 0 ? h('p', {}, 'Nothing was run.') : undefined,
    ...busy.map((run) => runSection(run, busy.length === 1)),
  );
}
