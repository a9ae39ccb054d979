/**
 * The lines that the console prints for each event, on a terminal and elsewhere. The two consoles
 * decide where and when to write them; console-summary makes the lines at the end of a run.
 */
import type { DroverEvent, EventOf, QemuIdentity } from '../../model/events.js';
import type { OutcomeKind } from '../../model/outcome.js';
import { summaryLines } from './console-summary.js';
import { fieldLines, outcomeFields } from '../fold/diagnosis.js';
import { counted, formatDuration } from '../../model/text/format.js';
import type { Labels } from '../fold/labels.js';
import type { Paint } from './colors.js';
import { printableLine } from '../../model/text/printable.js';
import { rerunCommand } from '../fold/rerun-line.js';
import { testStatusOf } from '../fold/test-status.js';
import { StressStatistics, roundText } from '../fold/stress-statistics.js';
import { RunRecord } from '../fold/summary.js';

const words: Record<OutcomeKind, string> = {
  passed: 'ok',
  failed: 'FAIL',
  broken: 'BROKEN',
  skipped: 'skip',
  cancelled: 'cancel',
};
const wordWidth = 'BROKEN'.length;

function outcomeWord(kind: OutcomeKind, paint: Paint): string {
  return paint.outcome(kind, words[kind].padEnd(wordWidth));
}

/** The word if a retry or the quarantine changes what an outcome means, else undefined. */
function statusWord(event: EventOf<'test-finished'>, paint: Paint): string | undefined {
  switch (testStatusOf(event)) {
    case 'retried':
      return paint.warning('retry'.padEnd(wordWidth));
    case 'flaky':
      return paint.warning('flaky'.padEnd(wordWidth));
    case 'quarantined':
      return paint.warning('known'.padEnd(wordWidth));
    default:
      return undefined;
  }
}

function sameQemu(a: QemuIdentity, b: QemuIdentity): boolean {
  return a.command === b.command && a.version === b.version && a.package === b.package;
}

function qemuText({ version, package: packaged, arch, command }: QemuIdentity): string {
  const build = packaged === '' ? '' : ` (${packaged})`;
  return printableLine(`QEMU ${version}${build} for ${arch}: ${command}`);
}

function headerLines(run: EventOf<'run-started'>, paint: Paint): string[] {
  const { source, destination, route } = run;
  const qemus =
    route !== undefined
      ? route.map((qemu, index) => `${index === 0 ? 'from' : 'to  '}  ${qemuText(qemu)}`)
      : sameQemu(source, destination)
        ? [qemuText(source)]
        : [`source       ${qemuText(source)}`, `destination  ${qemuText(destination)}`];
  const how = `machine ${run.machine}, accelerator ${run.accel}, ${counted(run.workers, 'worker')}`;
  return [
    paint.strong(`drover ${run.drover}: ${totalText(run)}`),
    ...qemus,
    printableLine(how),
    '',
  ];
}

function finishedLines(
  event: EventOf<'test-finished'>,
  labels: Labels,
  run: EventOf<'run-started'> | undefined,
  paint: Paint,
): string[] {
  const { outcome } = event;
  const word = statusWord(event, paint) ?? outcomeWord(outcome.kind, paint);
  const head = `${word} ${printableLine(labels.of(event))}`;
  if (outcome.kind === 'skipped') return [`${head}: ${printableLine(outcome.reason)}`];
  const duration = paint.faint(formatDuration(event.durationMs));
  if (outcome.kind === 'cancelled') {
    return [`${head} ${duration}${outcome.phase === undefined ? '' : ` in ${outcome.phase}`}`];
  }
  const rerun = rerunCommand(event.test, run);
  if (event.round !== undefined) return [`${head} ${duration}  ${roundText(event.round)}`];
  const fields = outcomeFields(outcome, { directory: event.directory, rerun });
  if (event.quarantined !== undefined && fields.length > 0) {
    const { owner, reason, expires } = event.quarantined;
    const line = printableLine(`until ${expires}, ${owner}: ${reason}`);
    fields.unshift({ name: 'quarantine', lines: [line] });
  }
  return [`${head} ${duration}`, ...fieldLines(fields).map((line) => `    ${line}`)];
}

function warningLine(message: string, paint: Paint): string {
  return `${paint.warning('warning:')} ${printableLine(message)}`;
}

function totalText(run: EventOf<'run-started'>): string {
  const { stress, total } = run;
  if (stress === undefined) return counted(total, 'test');
  return stress.lastsMs === undefined
    ? counted(total, 'round')
    : `rounds for ${formatDuration(stress.lastsMs)}`;
}

/** Turns events into lines; keeps the record for the summary. */
export class ConsoleText {
  readonly #record = new RunRecord();
  readonly #rounds = new StressStatistics();
  readonly #paint: Paint;
  #ended = false;

  constructor(paint: Paint) {
    this.#paint = paint;
  }

  linesFor(event: DroverEvent): string[] {
    this.#record.add(event);
    if (event.type === 'run-started') return headerLines(event, this.#paint);
    if (event.type === 'test-finished') {
      if (event.round !== undefined) this.#rounds.add(event.round);
      return finishedLines(event, this.#record.labels, this.#record.started, this.#paint);
    }
    if (event.type === 'warning') return [warningLine(event.message, this.#paint)];
    return event.type === 'run-finished' ? this.endLines() : [];
  }

  /** The summary, once; also if the log has no run-finished. None if no run started. */
  endLines(): string[] {
    const { started, finished } = this.#record;
    if (this.#ended || (started === undefined && finished === undefined)) return [];
    this.#ended = true;
    return [...this.#rounds.lines(), ...summaryLines(this.#record, this.#paint)];
  }
}
