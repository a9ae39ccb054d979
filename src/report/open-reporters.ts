/**
 * Opens the reporters that the options name. Reports every problem that can be known before the first test: a path
 * that cannot be written is wrong usage now, not a lost report later.
 *
 * Imports a reporter only when it is chosen: libraries for terminals and XML take longer to load than a QEMU to
 * start, and most runs need neither.
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
  readonly junitPath?: string;
  readonly jsonPath?: string;
  readonly htmlPath?: string;
  readonly markdownPath?: string;
  readonly tracePath?: string;
  readonly eventLog?: EventLogOptions;
  /** for a CI service that reads the job's output; on standard error where standard output is TAP */
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
const fileKinds: readonly {
  readonly path: (choices: ReportChoices) => string | undefined;
  readonly open: (path: string) => Promise<Reporter>;
}[] = [
  {
    path: ({ junitPath }) => junitPath,
    open: async (path) => {
      const { junitXml } = await import('./formats/junit-xml.js');
      return new FileReporter('JUnit', path, new RunRecord(), (record) => [junitXml(record)]);
    },
  },
  {
    path: ({ jsonPath }) => jsonPath,
    open: async (path) => {
      const { jsonPieces } = await import('./formats/json-document.js');
      return new FileReporter('JSON', path, new RunRecord(), jsonPieces);
    },
  },
  {
    path: ({ htmlPath }) => htmlPath,
    open: async (path) => (await import('./html/html-reporter.js')).htmlReporter(path),
  },
  {
    path: ({ markdownPath }) => markdownPath,
    open: async (path) => {
      const { markdownOf } = await import('./formats/markdown.js');
      return new FileReporter('Markdown', path, new RunRecord(), (record) => [markdownOf(record)]);
    },
  },
  {
    path: ({ tracePath }) => tracePath,
    open: async (path) => {
      const { tracePieces } = await import('./formats/trace.js');
      return new FileReporter('trace', path, new TimedRun(), tracePieces);
    },
  },
];

async function files(choices: ReportChoices): Promise<Reporter[]> {
  const members: Reporter[] = [];
  for (const { path, open } of fileKinds) {
    const place = path(choices);
    if (place === undefined) continue;
    await checkReportPath(place);
    members.push(await open(place));
  }
  return members;
}

async function annotations({
  annotations: wish,
  tap,
  stdout,
  stderr,
}: ReportChoices): Promise<Reporter[]> {
  if (wish === undefined) return [];
  const { AnnotationReporter } = await import('./formats/annotations.js');
  const stream = tap && stderr !== undefined ? stderr : stdout;
  return [new AnnotationReporter({ ...wish, stream })];
}

export async function openReporters(choices: ReportChoices): Promise<Reporters> {
  const ofFiles = await files(choices);
  const record: Reporter[] = [];
  if (choices.eventLog !== undefined) {
    const { EventLog } = await import('./log/event-log.js');
    record.push(new EventLog(choices.eventLog));
  }
  // The event log comes first: it has an event before anything shows it. The console is opened last,
  // since a live one starts its timer at once.
  const ofService = await annotations(choices);
  return new Reporters([...record, await screen(choices), ...ofService, ...ofFiles]);
}
