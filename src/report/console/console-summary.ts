/** The last lines of the console: a short list of failures, counts, run time and its split by phase. */
import { countsText } from '../fold/counts.js';
import { failureFields, fieldLines } from '../fold/diagnosis.js';
import { counted, formatCount, formatDuration, formatMs } from '../../model/text/format.js';
import type { Paint } from './colors.js';
import { printableLine } from '../../model/text/printable.js';
import { mergeProblems } from '../fold/run-result.js';
import type { FailureGroup, RunSummary } from '../fold/summary.js';

/** For more than a screen of failures there are the event log and the JUnit file. */
const groupsShown = 20;
const attemptsShown = 5;

/** The attempts of a group, such as ` (attempts 2, 5)`; empty if the run has one attempt of each test. */
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
  // a single failure is just above, in full
  if (failures.length < 2) return [];
  const hidden = failures.length - groupsShown;
  const rest = hidden > 0 ? [`and ${formatCount(hidden)} more`] : [];
  return [...failures.slice(0, groupsShown).map((group) => groupLine(group, paint)), ...rest, ''];
}

function verdictLine(summary: RunSummary, paint: Paint): string {
  const { counts, notRun } = summary;
  const lost = mergeProblems(summary.merged).length > 0;
  const bad = counts.failed + counts.broken > 0 || summary.failure !== undefined || lost;
  const unfinished = notRun > 0 || counts.cancelled > 0 || !summary.complete;
  const kind = bad ? 'failed' : unfinished ? 'cancelled' : 'passed';
  const { stopped, flakyCount, quarantinedCount, merged } = summary;
  const why = stopped === undefined ? '' : ` (${stopReasons[stopped]})`;
  const parts = [
    countsText(counts),
    flakyCount > 0 ? `${formatCount(flakyCount)} of them flaky` : '',
    quarantinedCount > 0 ? `${formatCount(quarantinedCount)} in quarantine` : '',
    notRun > 0 ? `${counted(notRun, 'test')} not run${why}` : '',
  ];
  const said = parts.filter((part) => part !== '').join(', ');
  const text = said === '' ? 'no tests' : said;
  const side = merged === undefined ? '' : `, ${counted(merged.runs.length, 'run')} side by side`;
  const sum =
    summary.sumMs === undefined ? '' : `; sum of all tests ${formatDuration(summary.sumMs)}`;
  return `${paint.outcome(kind, text)} in ${formatDuration(summary.durationMs)}${side}${sum}`;
}

const stopReasons = {
  'max-failures': 'stopped by --max-failures',
  'until-failure': 'stopped by --until-failure',
} as const;

function knownLines({ flaky, quarantined }: RunSummary, paint: Paint): string[] {
  const line = (word: string, group: FailureGroup): string =>
    `${paint.warning(word)} ${printableLine(`${group.test}${attemptsText(group)}: ${group.failure.message}`)}`;
  const lines = [
    ...flaky.map((group) => line('flaky ', group)),
    ...quarantined.map((group) => line('known ', group)),
  ];
  const hidden = lines.length - groupsShown;
  const rest = hidden > 0 ? [`and ${formatCount(hidden)} more`] : [];
  return lines.length === 0 ? [] : [...lines.slice(0, groupsShown), ...rest, ''];
}

function memoryLine({ memory }: RunSummary): string[] {
  if (memory?.usedBytes === undefined) return [];
  const [used, reserved, budget] = [memory.usedBytes, memory.promisedBytes, memory.budgetBytes].map(
    (bytes) => `${formatCount(Math.round(bytes / 2 ** 20))} MiB`,
  );
  return [`memory of all QEMUs: peak ${used}; reserved ${reserved}; limit ${budget}`];
}

function timeLines(summary: RunSummary): string[] {
  const lines: string[] = [];
  if (summary.phases.length > 0) {
    const split = summary.phases.map(({ phase, medianMs }) => `${phase} ${formatMs(medianMs)}`);
    lines.push(`median by phase, of ${counted(summary.counts.passed, 'passed test')}:`);
    lines.push(`  ${split.join(', ')}`);
  }
  // one test alone has no slowest
  if (summary.slowest.length > 1) {
    lines.push('slowest:');
    for (const { label, durationMs } of summary.slowest) {
      lines.push(`  ${formatDuration(durationMs).padEnd(10)} ${printableLine(label)}`);
    }
  }
  return lines;
}

export function summaryLines(summary: RunSummary, paint: Paint): string[] {
  const lines = ['', ...failureLines(summary.failures, paint), ...knownLines(summary, paint)];
  const lost = mergeProblems(summary.merged);
  lines.push(...lost.map((text) => paint.outcome('failed', printableLine(text))));
  if (summary.failure !== undefined) {
    lines.push(paint.outcome('broken', 'the run broke'));
    lines.push(...fieldLines(failureFields(summary.failure)).map((line) => `    ${line}`), '');
  } else if (!summary.complete) {
    lines.push(paint.warning('the run did not finish'));
  }
  return [...lines, ...timeLines(summary), ...memoryLine(summary), verdictLine(summary, paint)];
}
