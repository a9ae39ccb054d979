/**
 * Opens the reporters that the options name. Reports problems before the first test: a path that
 * cannot be written is wrong usage, and should not cost a report at the end.
 *
 * Imports a reporter only when it is chosen: libraries for terminals and XML take longer to load
 * than a QEMU to start, and most runs need neither.
 */
import { checkReportPath } from './atomic-file.js';
import type { AnnotationOptions } from './formats/annotations.js';
import { FileReporter } from './file-reporter.js';
import { RunRecord } from './fold/summary.js';
import { TimedRun } from './fold/timeline.js';
import type { EventLogOptions } from './log/event-log.js';
import { Reporters } from './reporter.js';
import type { Reporter } from './reporter.js';
import type { TextStream } from './text-sink.js';

export interface ReportChoices {
  /** for the console, or TAP instead */
  readonly stdout: TextStream;
  readonly color: boolean;
  /** redraw in place; for a terminal that can */
  readonly live: boolean;
  /** a clock that never goes back, milliseconds */
  readonly now: () => number;
  readonly tap: boolean;
  /** of the files to write */
  readonly paths?: Readonly<Partial<Record<(typeof fileNames)[number], string>>>;
  readonly eventLog?: EventLogOptions;
  /** for a CI service that reads the job's output; on standard error if standard output is TAP */
  readonly annotations?: Omit<AnnotationOptions, 'stream'>;
  readonly stderr?: TextStream;
}

async function screen({ stdout, color, live, now, tap }: ReportChoices): Promise<Reporter> {
  if (tap) {
    const { TapReporter } = await import('./formats/tap.js');
    return new TapReporter(stdout);
  }
  if (live) {
    const { LiveConsole } = await import('./console/console-live.js');
    return new LiveConsole({ stream: stdout, color, now });
  }
  const { PlainConsole } = await import('./console/console-plain.js');
  return new PlainConsole({ stream: stdout, color });
}

/** Each kind of file, with what makes it. */
const fileKinds = {
  junit: async (path: string) => {
    const { junitXml } = await import('./formats/junit-xml.js');
    return new FileReporter('JUnit', path, new RunRecord(), (record) => [junitXml(record)]);
  },
  json: async (path: string) => {
    const { jsonPieces } = await import('./formats/json-document.js');
    return new FileReporter('JSON', path, new RunRecord(), jsonPieces);
  },
  html: async (path: string) => (await import('./html/html-reporter.js')).htmlReporter(path),
  markdown: async (path: string) => {
    const { markdownOf } = await import('./formats/markdown.js');
    return new FileReporter('Markdown', path, new RunRecord(), (record) => [markdownOf(record)]);
  },
  trace: async (path: string) => {
    const { tracePieces } = await import('./formats/trace.js');
    return new FileReporter('trace', path, new TimedRun(), tracePieces);
  },
};
const fileNames = ['junit', 'json', 'html', 'markdown', 'trace'] as const;

async function files({ paths }: ReportChoices): Promise<Reporter[]> {
  const members: Reporter[] = [];
  for (const name of fileNames) {
    const path = paths?.[name];
    if (path === undefined) continue;
    await checkReportPath(path);
    members.push(await fileKinds[name](path));
  }
  return members;
}

async function annotations({
  annotations: options,
  tap,
  stdout,
  stderr,
}: ReportChoices): Promise<Reporter[]> {
  if (options === undefined) return [];
  const { AnnotationReporter } = await import('./formats/annotations.js');
  const stream = tap && stderr !== undefined ? stderr : stdout;
  return [new AnnotationReporter({ ...options, stream })];
}

export async function openReporters(choices: ReportChoices): Promise<Reporters> {
  const ofFiles = await files(choices);
  const record: Reporter[] = [];
  if (choices.eventLog !== undefined) {
    const { EventLog } = await import('./log/event-log.js');
    record.push(new EventLog(choices.eventLog));
  }
  // The event log comes first: it has an event before anything shows it. The console is opened
  // last, since a live one starts its timer at once.
  const ofService = await annotations(choices);
  return new Reporters([...record, await screen(choices), ...ofService, ...ofFiles]);
}
