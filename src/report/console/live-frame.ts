/** The live lines at the bottom of the terminal: running tests and one line of totals. Pure. */
import { countsText } from '../fold/counts.js';
import { formatCount, formatDuration } from '../../model/text/format.js';
import type { LiveProgress, RunningTest } from './live-progress.js';
import type { Paint } from './colors.js';
import { printableLine } from '../../model/text/printable.js';

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** A shorter estimate would vanish before anyone reads it. */
const shortestEstimateMs = 2000;

/** Keeps the end, where test paths differ. */
export function keepEnd(text: string, width: number): string {
  if (text.length <= width) return text;
  return width <= 3 ? text.slice(text.length - Math.max(0, width)) : `...${text.slice(3 - width)}`;
}

/** Labels in one column, states in the next. */
function runningLines(
  tests: readonly RunningTest[],
  nowMs: number,
  columns: number,
  paint: Paint,
): string[] {
  const rows = tests.map(({ label, doing, sinceMs }) => ({
    label: printableLine(label),
    state: `${printableLine(doing)}  ${formatDuration(nowMs - sinceMs)}`,
  }));
  const widest = Math.max(...rows.map(({ label }) => label.length));
  return rows.map(({ label, state }) => {
    const room = columns - state.length - 4;
    // On a very narrow terminal the path matters more than the state.
    if (room < 12) return keepEnd(label, columns);
    return `  ${keepEnd(label, room).padEnd(Math.min(room, widest))}  ${paint.faint(state)}`;
  });
}

/** whole seconds: an estimate is not more precise */
function formatEstimate(ms: number): string {
  return ms < 60_000 ? `${(ms / 1000).toFixed(0)} s` : formatDuration(ms);
}

function totalsLine(progress: LiveProgress, nowMs: number): string {
  const remainingMs = progress.remainingMs(nowMs);
  const parts = [
    `${formatCount(progress.done)} of ${formatCount(progress.total)} done`,
    countsText(progress.counts),
    formatDuration(progress.elapsedMs(nowMs)),
    remainingMs === null || remainingMs < shortestEstimateMs
      ? ''
      : `about ${formatEstimate(remainingMs)} left`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}

/** At most `rows - 1` lines, none wider than the terminal. */
export function frameLines(
  progress: LiveProgress,
  nowMs: number,
  size: TerminalSize,
  paint: Paint,
): string[] {
  // The last column stays free: some terminals wrap as soon as it is filled.
  const columns = Math.max(1, size.columns - 1);
  const room = Math.max(0, size.rows - 3);
  const running = progress.running;
  const shown = running.slice(0, running.length <= room ? room : Math.max(0, room - 1));
  const lines = runningLines(shown, nowMs, columns, paint);
  const hidden = running.length - shown.length;
  if (hidden > 0 && room > 0) {
    lines.push(`  and ${formatCount(hidden)} more running`.slice(0, columns));
  }
  lines.push(paint.strong(totalsLine(progress, nowMs).slice(0, columns)));
  return lines;
}
