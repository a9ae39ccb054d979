/** The last lines of the console: what went wrong once more in short, counts, time and its split. */
import { countsText } from './counts.js';
import { failureFields, fieldLines } from './diagnosis.js';
import { counted, formatCount, formatDuration, formatMs } from './figures.js';
import type { Paint } from './paint.js';
import { printableLine } from './printable.js';
import type { FailureGroup, RunSummary } from './summary.js';

/** More than a screen of failures is read from the log or the JUnit file. */
const groupsShown = 20;
const attemptsShown = 5;

/** Which attempts a group stands for, such as ` (attempts 2, 5)`; empty where the run has one of each test. */
export function attemptsText({ attempts, repeated }: FailureGroup): string {
  if (!repeated) return '';
  const shown = attempts.slice(0, attemptsShown).join(', ');
  const hidden = attempts.length - attemptsShown;
  const more = hidden > 0 ? ` and ${counted(hidden, 'other')}` : '';
  return ` (${attempts.length === 1 ? 'attempt' : 'attempts'} ${shown}${more})`;
}

function groupLine(group: FailureGroup, paint: Paint): string {
  const word = paint.outcome(group.kind, group.kind === 'failed' ? 'FAIL  ' : 'BROKEN');
  return `${word} ${printableLine(`${group.test}${attemptsText(group)}: ${group.failure.message}`)}`;
}

function failureLines(failures: readonly FailureGroup[], paint: Paint): string[] {
  // A single one stands just above, in full.
  if (failures.length < 2) return [];
  const hidden = failures.length - groupsShown;
  const rest = hidden > 0 ? [`and ${formatCount(hidden)} more`] : [];
  return [...failures.slice(0, groupsShown).map((group) => groupLine(group, paint)), ...rest, ''];
}

function verdictLine(summary: RunSummary, paint: Paint): string {
  const { counts, notRun } = summary;
  const bad = counts.failed + counts.broken > 0 || summary.failure !== undefined;
  const unfinished = notRun > 0 || counts.cancelled > 0 || !summary.complete;
  const kind = bad ? 'failed' : unfinished ? 'cancelled' : 'passed';
  const parts = [countsText(counts), notRun > 0 ? `${counted(notRun, 'test')} not run` : ''];
  const said = parts.filter((part) => part !== '').join(', ');
  const text = said === '' ? 'no tests' : said;
  return `${paint.outcome(kind, text)} in ${formatDuration(summary.durationMs)}`;
}

function timeLines(summary: RunSummary): string[] {
  const lines: string[] = [];
  if (summary.phases.length > 0) {
    const split = summary.phases.map(({ phase, medianMs }) => `${phase} ${formatMs(medianMs)}`);
    lines.push(`median by phase, of ${counted(summary.counts.passed, 'passed test')}:`);
    lines.push(`  ${split.join(', ')}`);
  }
  // Of one test there is no slowest.
  if (summary.slowest.length > 1) {
    lines.push('slowest:');
    for (const { label, durationMs } of summary.slowest) {
      lines.push(`  ${formatDuration(durationMs).padEnd(10)} ${printableLine(label)}`);
    }
  }
  return lines;
}

export function summaryLines(summary: RunSummary, paint: Paint): string[] {
  const lines = ['', ...failureLines(summary.failures, paint)];
  if (summary.failure !== undefined) {
    lines.push(paint.outcome('broken', 'the run could not be carried out'));
    lines.push(...fieldLines(failureFields(summary.failure)).map((line) => `    ${line}`), '');
  } else if (!summary.complete) {
    lines.push(paint.warning('the run ended before it was complete'));
  }
  return [...lines, ...timeLines(summary), verdictLine(summary, paint)];
}
