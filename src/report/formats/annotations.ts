/**
 * What CI services read from a job's output. GitHub: workflow commands, which become annotations of
 * the run, and the job's summary. GitLab: sections that fold in the job's log (its merge request
 * widget reads the JUnit file). Writes everything at the end of the log, where people start to
 * read.
 */
import { randomUUID } from 'node:crypto';
import { appendFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { HarnessError } from '../../model/errors.js';
import type { DroverEvent, EventOf } from '../../model/events.js';
import { fieldLines, outcomeFields } from '../fold/diagnosis.js';
import { counted } from '../../model/text/format.js';
import { markdownOf } from './markdown.js';
import { printable, printableLine } from '../../model/text/printable.js';
import { rerunCommand } from '../fold/rerun-line.js';
import { byStatus, skipReasons, runProblems } from '../fold/run-result.js';
import type { Reporter } from '../reporter.js';
import { RunRecord } from '../fold/summary.js';
import { TextSink } from '../text-sink.js';
import type { TextStream } from '../text-sink.js';

export const services = ['github', 'gitlab'] as const;
export type Service = (typeof services)[number];

export interface AnnotationOptions {
  readonly service: Service;
  readonly stream: TextStream;
  /** the checkout: annotations name files relative to it */
  readonly root: string;
  /** GitHub's file for the job's summary */
  readonly summaryPath?: string;
}

type Finished = EventOf<'test-finished'>;

/** GitHub shows ten of each kind in a step and silently drops the rest. */
const annotationsShown = 10;
const sectionsShown = 50;

const data = (text: string): string =>
  printable(text).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
const property = (text: string): string =>
  data(printableLine(text)).replaceAll(':', '%3A').replaceAll(',', '%2C');

interface Note {
  readonly level: 'error' | 'warning' | 'notice';
  readonly title: string;
  readonly text: string;
  readonly file?: string;
}

export function workflowCommand({ level, title, text, file }: Note): string {
  const where = file === undefined ? '' : `file=${property(file)},`;
  return `::${level} ${where}title=${property(title)}::${data(text)}`;
}

/** The last one says how many are left out. */
function limited(notes: readonly Note[]): Note[] {
  if (notes.length <= annotationsShown) return [...notes];
  const shown = notes.slice(0, annotationsShown - 1);
  const level = notes[0]?.level ?? 'error';
  const more = counted(notes.length - shown.length, 'more test');
  return [...shown, { level, title: 'drover', text: `${more}, see the job's summary` }];
}

function detail({ test, outcome, directory }: Finished, record: RunRecord): string[] {
  const rerun = rerunCommand(test, record.started);
  return fieldLines(outcomeFields(outcome, { directory, rerun }));
}

export function githubLines(record: RunRecord, root: string): string[] {
  const of = byStatus(record.tests);
  const noteOf = (level: Note['level'], word: string) => (event: Finished) => {
    const module = record.started?.testFiles?.[event.test];
    const file = module === undefined ? undefined : relative(root, module);
    const text = detail(event, record).join('\n');
    return { level, title: `${word}: ${record.labels.of(event)}`, text, file };
  };
  const whole = runProblems(record).map((text): Note => ({
    level: 'error',
    title: 'drover',
    text,
  }));
  const flaky = of.flaky.map((event) => {
    const first = of.retried.find(({ test }) => test === event.test);
    const note = noteOf('warning', 'flaky')(first ?? event);
    return { ...note, title: `flaky: ${event.test}` };
  });
  const reasons = skipReasons(of).map(
    ({ reason, tests }) => `${counted(tests.length, 'test')}: ${printableLine(reason)}`,
  );
  return [
    ...whole.map(workflowCommand),
    ...limited([
      ...of.failed.map(noteOf('error', 'failed')),
      ...of.broken.map(noteOf('error', 'broken')),
    ]).map(workflowCommand),
    ...limited(flaky).map(workflowCommand),
    ...limited(of.quarantined.map(noteOf('notice', 'quarantined'))).map(workflowCommand),
    ...(reasons.length === 0 ? [] : ['::group::Skipped, by reason', ...reasons, '::endgroup::']),
  ];
}

/** `seconds` since 1970; the name must hold no spaces, and each name may occur once in a job. */
function section(name: string, title: string, lines: readonly string[], seconds: number): string[] {
  const mark = (what: string, text: string): string =>
    `\u001B[0K${what}\r\u001B[0K${printableLine(text)}`;
  return [
    mark(`section_start:${String(seconds)}:${name}[collapsed=true]`, title),
    ...lines,
    mark(`section_end:${String(seconds)}:${name}`, ''),
  ];
}

export function gitlabLines(record: RunRecord): string[] {
  const of = byStatus(record.tests);
  const startedMs = Date.parse(record.started?.time ?? '');
  const since = (atMs: number): number =>
    Math.floor(((Number.isNaN(startedMs) ? 0 : startedMs) + atMs) / 1000);
  const failures = [...of.failed, ...of.broken];
  const hidden = failures.length - sectionsShown;
  const reasons = skipReasons(of).flatMap(({ reason, tests }) => [
    `${counted(tests.length, 'test')}: ${printableLine(reason)}`,
    ...tests.map((test) => `  ${printableLine(test)}`),
  ]);
  return [
    ...runProblems(record).map((text) => printableLine(`drover: ${text}`)),
    ...failures.slice(0, sectionsShown).flatMap((event, index) => {
      const title = `${event.outcome.kind}: ${record.labels.of(event)}`;
      const name = `drover_failure_${String(index + 1)}`;
      return section(name, title, detail(event, record), since(event.atMs));
    }),
    ...(hidden > 0 ? [`and ${counted(hidden, 'more failure')}`] : []),
    ...(reasons.length === 0
      ? []
      : section('drover_skipped', 'Skipped, by reason', reasons, since(record.lastAtMs))),
  ];
}

export class AnnotationReporter implements Reporter {
  readonly name = 'annotations';
  readonly #options: AnnotationOptions;
  readonly #sink: TextSink;
  readonly #record = new RunRecord();
  readonly #pause = `drover-${randomUUID()}`;

  constructor(options: AnnotationOptions) {
    this.#options = options;
    this.#sink = new TextSink(options.stream);
    // Until the end GitHub takes no line as a command, whatever a QEMU prints.
    if (options.service === 'github') this.#sink.write(`::stop-commands::${this.#pause}\n`);
  }

  onEvent(event: DroverEvent): void {
    this.#record.add(event);
  }

  async close(): Promise<void> {
    const { service, root, summaryPath } = this.#options;
    if (service === 'github') this.#sink.write(`::${this.#pause}::\n`);
    if (this.#record.started === undefined) return;
    const lines =
      service === 'github' ? githubLines(this.#record, root) : gitlabLines(this.#record);
    this.#sink.writeLines(lines);
    if (summaryPath !== undefined) await appendSummary(summaryPath, this.#record);
    await this.#sink.flush();
  }
}

async function appendSummary(path: string, record: RunRecord): Promise<void> {
  try {
    await appendFile(path, markdownOf(record));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new HarnessError({
      code: 'report-not-written',
      blame: 'host',
      message: `cannot add to the job's summary ${path}: ${why}`,
      cause,
    });
  }
}
