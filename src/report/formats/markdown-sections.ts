/**
 * A run as Markdown sections for a pull request, each with its items, so that whole items can be
 * left out.
 */
import type { EventOf } from '../../model/events.js';
import { fieldLines, outcomeFields } from '../fold/diagnosis.js';
import { counted, formatDuration } from '../../model/text/format.js';
import { code, codeBlock, cut, folded, plain, table } from './markdown-text.js';
import { rerunCommand } from '../fold/rerun-line.js';
import { byStatus, skipReasons, statusCounts, runProblems } from '../fold/run-result.js';
import type { ByStatus } from '../fold/run-result.js';
import type { RunRecord } from '../fold/summary.js';

type Finished = EventOf<'test-finished'>;

export interface Section {
  readonly title: string;
  /** before all items; may be empty */
  readonly head: string;
  readonly items: readonly string[];
  /** plural name of the items, for how many are left out */
  readonly noun: string;
  /** lines of one table or list stand below each other, other items apart */
  readonly apart: string;
}

const linesShown = 40;
const namesShown = 30;
const messageLength = 200;
const slowestShown = 5;

function failure(event: Finished, record: RunRecord): string {
  const { outcome, directory } = event;
  if (outcome.kind !== 'failed' && outcome.kind !== 'broken') return '';
  const rerun = rerunCommand(event.test, record.started);
  const lines = fieldLines(outcomeFields(outcome, { directory, rerun })).map((line) =>
    cut(line, 500),
  );
  const more = lines.length - linesShown;
  const shown =
    more > 0 ? [...lines.slice(0, linesShown), `... ${String(more)} more lines`] : lines;
  const title = `${outcome.kind}: ${plain(record.labels.of(event))}`;
  return folded(`<b>${title}</b>: ${message(event)}`, codeBlock(shown));
}

function message({ outcome }: Finished): string {
  if (outcome.kind !== 'failed' && outcome.kind !== 'broken') return plain(outcome.kind);
  return plain(cut(outcome.failure.message, messageLength));
}

function flaky(of: ByStatus): Section {
  const rows = of.flaky.map((event) => {
    const before = of.retried.filter(({ test }) => test === event.test);
    return `| ${code(event.test)} | ${String(before.length)} | ${before[0] === undefined ? '' : message(before[0])} |`;
  });
  const head = table(['test', 'attempts before', 'first failure'], []);
  return { title: 'Flaky', head, items: rows, noun: 'test', apart: '\n' };
}

function quarantined(of: ByStatus): Section {
  const rows = of.quarantined.map((event) => {
    const { owner = '', reason = '', expires = '' } = event.quarantined ?? {};
    return `| ${code(event.test)} | ${plain(reason)} | ${plain(owner)} | ${plain(expires)} | ${message(event)} |`;
  });
  const head = table(['test', 'known because', 'owner', 'until', 'failure'], []);
  return { title: 'Quarantined', head, items: rows, noun: 'test', apart: '\n' };
}

function skipped(of: ByStatus): Section {
  const items = skipReasons(of).map(({ reason, tests }) => {
    const more = tests.length - namesShown;
    const names = tests.slice(0, namesShown).map((test) => `- ${code(test)}`);
    const rest = more > 0 ? [`- and ${counted(more, 'other')}`] : [];
    return folded(
      `${counted(tests.length, 'test')}: ${plain(cut(reason, messageLength))}`,
      [...names, ...rest].join('\n'),
    );
  });
  return { title: 'Skipped', head: '', items, noun: 'reason', apart: '\n\n' };
}

function slowest({ tests, labels }: RunRecord): Section {
  const items = tests
    .filter(({ outcome }) => outcome.kind !== 'skipped')
    .sort((a, b) => b.durationMs - a.durationMs)
    .slice(0, slowestShown)
    .map((event) => `| ${code(labels.of(event))} | ${formatDuration(event.durationMs)} |`);
  const head = table(['test', 'time'], []);
  // one test has no slowest
  return {
    title: 'Slowest',
    head,
    items: items.length > 1 ? items : [],
    noun: 'test',
    apart: '\n',
  };
}

/** One line on what ran, and the lines of what is wrong with the run as a whole. */
export function headline(record: RunRecord): string {
  const { started } = record;
  const text = statusCounts(byStatus(record.tests));
  const lines = [`**${text === '' ? 'no tests' : text}** in ${formatDuration(record.durationMs)}`];
  if (started !== undefined) {
    const { source, destination, machine, accel, workers } = started;
    const versions = [source.version, destination.version].map(plain).join(' to ');
    const shard = started.shard;
    const part =
      shard === undefined ? '' : `, shard ${String(shard.index)} of ${String(shard.total)}`;
    lines.push(
      `QEMU ${versions}, machine ${plain(machine)}, ${accel}, ${counted(workers, 'worker')}${part}`,
    );
  }
  const problems = runProblems(record).map((line) => `> **${plain(line)}**`);
  return [...lines, ...problems].join('\n\n');
}

/** Empty sections are left out. */
export function sectionsOf(record: RunRecord): Section[] {
  const of = byStatus(record.tests);
  const failures = [...of.failed, ...of.broken].map((event) => failure(event, record));
  const cancelled = of.cancelled.map((event) => `- ${code(record.labels.of(event))}`);
  const sections: Section[] = [
    { title: 'Failures', head: '', items: failures, noun: 'failure', apart: '\n\n' },
    flaky(of),
    quarantined(of),
    { title: 'Cancelled', head: '', items: cancelled, noun: 'test', apart: '\n' },
    skipped(of),
    slowest(record),
  ];
  return sections.filter(({ items }) => items.length > 0);
}
