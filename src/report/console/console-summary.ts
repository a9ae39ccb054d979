/**
 * The last lines of the console: a short list of failures, counts, run time and its split by phase.
 */
import { countsText } from '../fold/counts.js';
import { failureFields, fieldLines } from '../fold/diagnosis.js';
import { counted, formatCount, formatDuration, formatMs } from '../../model/text/format.js';
import type { Paint } from './colors.js';
import { printableLine } from '../../model/text/printable.js';
import { mergeProblems } from '../fold/run-result.js';
import {
  failureGroups,
  flakyGroups,
  phaseMedians,
  quarantinedGroups,
  slowestTests,
} from '../fold/summary.js';
import type { FailureGroup, RunRecord } from '../fold/summary.js';

/** The event log and the JUnit file have all failures. */
const groupsShown = 20;
const attemptsShown = 5;

/**
 * The attempts of a group, such as ` (attempts 2, 5)`; empty if the run has one attempt of each
 * test.
 */
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

function verdictLine(record: RunRecord, paint: Paint): string {
  const { counts, notRun, started, finished, durationMs } = record;
  const merged = started?.merged;
  const lost = mergeProblems(merged).length > 0;
  const bad = counts.failed + counts.broken > 0 || finished?.failure !== undefined || lost;
  const unfinished = notRun > 0 || counts.cancelled > 0 || finished === undefined;
  const kind = bad ? 'failed' : unfinished ? 'cancelled' : 'passed';
  const stopped = finished?.stopped;
  const why = stopped === undefined ? '' : ` (${stopReasons[stopped]})`;
  const [flaky, quarantined] = [record.countOf('flaky'), record.countOf('quarantined')];
  const parts = [
    countsText(counts),
    flaky > 0 ? `${formatCount(flaky)} of them flaky` : '',
    quarantined > 0 ? `${formatCount(quarantined)} in quarantine` : '',
    notRun > 0 ? `${counted(notRun, 'test')} not run${why}` : '',
  ];
  const said = parts.filter((part) => part !== '').join(', ');
  const text = said === '' ? 'no tests' : said;
  const side = merged === undefined ? '' : `, ${counted(merged.runs.length, 'run')} side by side`;
  const sumMs = finished?.sumMs;
  const sum = sumMs === undefined ? '' : `; sum of all tests ${formatDuration(sumMs)}`;
  return `${paint.outcome(kind, text)} in ${formatDuration(durationMs)}${side}${sum}`;
}

const stopReasons = {
  'max-failures': 'stopped by --max-failures',
  'until-failure': 'stopped by --until-failure',
} as const;

function knownLines(record: RunRecord, paint: Paint): string[] {
  const line = (word: string, group: FailureGroup): string =>
    `${paint.warning(word)} ${printableLine(`${group.test}${attemptsText(group)}: ${group.failure.message}`)}`;
  const lines = [
    ...flakyGroups(record).map((group) => line('flaky ', group)),
    ...quarantinedGroups(record).map((group) => line('known ', group)),
  ];
  const hidden = lines.length - groupsShown;
  const rest = hidden > 0 ? [`and ${formatCount(hidden)} more`] : [];
  return lines.length === 0 ? [] : [...lines.slice(0, groupsShown), ...rest, ''];
}

function memoryLine({ finished }: RunRecord): string[] {
  const memory = finished?.memory;
  if (memory?.usedBytes === undefined) return [];
  const [used, reserved, budget] = [memory.usedBytes, memory.promisedBytes, memory.budgetBytes].map(
    (bytes) => `${formatCount(Math.round(bytes / 2 ** 20))} MiB`,
  );
  return [`memory of all QEMUs: peak ${used}; reserved ${reserved}; limit ${budget}`];
}

function timeLines(record: RunRecord): string[] {
  const lines: string[] = [];
  const split = phaseMedians(record).map(({ phase, medianMs }) => `${phase} ${formatMs(medianMs)}`);
  if (split.length > 0) {
    lines.push(`median by phase, of ${counted(record.counts.passed, 'passed test')}:`);
    lines.push(`  ${split.join(', ')}`);
  }
  // one test alone has no slowest
  const slowest = slowestTests(record);
  if (slowest.length > 1) {
    lines.push('slowest:');
    for (const { label, durationMs } of slowest) {
      lines.push(`  ${formatDuration(durationMs).padEnd(10)} ${printableLine(label)}`);
    }
  }
  return lines;
}

export function summaryLines(record: RunRecord, paint: Paint): string[] {
  const { started, finished } = record;
  const lines = ['', ...failureLines(failureGroups(record), paint), ...knownLines(record, paint)];
  const lost = mergeProblems(started?.merged);
  lines.push(...lost.map((text) => paint.outcome('failed', printableLine(text))));
  if (finished?.failure !== undefined) {
    lines.push(paint.outcome('broken', 'the run broke'));
    lines.push(...fieldLines(failureFields(finished.failure)).map((line) => `    ${line}`), '');
  } else if (finished === undefined) {
    lines.push(paint.warning('the run did not finish'));
  }
  return [...lines, ...timeLines(record), ...memoryLine(record), verdictLine(record, paint)];
}
