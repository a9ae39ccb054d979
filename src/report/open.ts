/**
 * From the choices of a run to its reporters. All that can be refused is refused here, before the
 * first test: a place that cannot be written to is wrong usage now, not a lost report later.
 *
 * Reporters are imported when chosen. What draws on terminals and builds XML takes longer to load
 * than a QEMU to start, and most runs want neither.
 */
import { checkReportPath } from './atomic-file.js';
import type { EventLogOptions } from './event-log.js';
import { Reporters } from './reporter.js';
import type { Reporter } from './reporter.js';
import type { TextStream } from './text-sink.js';

export interface ReportChoices {
  /** takes the console, or TAP in its place */
  readonly stdout: TextStream;
  readonly color: boolean;
  /** redraw in place; for a terminal that can */
  readonly live: boolean;
  /** a clock that never goes back, milliseconds */
  readonly now: () => number;
  readonly tap: boolean;
  readonly junitPath?: string | undefined;
  readonly jsonPath?: string | undefined;
  readonly eventLog?: EventLogOptions | undefined;
}

async function screen({ stdout, color, live, now, tap }: ReportChoices): Promise<Reporter> {
  if (tap) {
    const { TapReporter } = await import('./tap.js');
    return new TapReporter(stdout);
  }
  if (live) {
    const { LiveConsole } = await import('./console-live.js');
    return new LiveConsole({ stream: stdout, color, now });
  }
  const { PlainConsole } = await import('./console-plain.js');
  return new PlainConsole({ stream: stdout, color });
}

async function files({ junitPath, jsonPath }: ReportChoices): Promise<Reporter[]> {
  const members: Reporter[] = [];
  if (junitPath !== undefined) {
    await checkReportPath(junitPath);
    const { JunitReporter } = await import('./junit.js');
    members.push(new JunitReporter(junitPath));
  }
  if (jsonPath !== undefined) {
    await checkReportPath(jsonPath);
    const { JsonReporter } = await import('./json.js');
    members.push(new JsonReporter(jsonPath));
  }
  return members;
}

export async function openReporters(choices: ReportChoices): Promise<Reporters> {
  const ofFiles = await files(choices);
  const record: Reporter[] = [];
  if (choices.eventLog !== undefined) {
    const { EventLog } = await import('./event-log.js');
    record.push(new EventLog(choices.eventLog));
  }
  // The record comes first: it has an event before anything shows it. The screen is opened last,
  // since a live one begins to tick at once.
  return new Reporters([...record, await screen(choices), ...ofFiles]);
}
