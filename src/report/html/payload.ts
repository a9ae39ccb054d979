/**
 * The data in the HTML file for its page: the page reads `PagePayload` at the start, and a
 * `PageDetail` when the user opens that attempt.
 */
import type { EventOf } from '../../model/events.js';
import type { TestStatus } from '../fold/test-status.js';

export interface PagePayload {
  readonly runs: readonly PageRun[];
  /** one for each attempt, run by run, in the order they finished */
  readonly rows: readonly PageRow[];
}

export interface PageRun {
  /** both versions, such as `11.1.0 to 10.0.2` */
  readonly versions: string;
  readonly started?: Omit<EventOf<'run-started'>, 'tests' | 'testFiles' | 'shard'>;
  readonly shard?: { readonly index: number; readonly total: number };
  readonly finished?: EventOf<'run-finished'>;
  readonly durationMs: number;
  /** problems of the run as a whole */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

export interface PageRow {
  /** index into `runs` */
  readonly run: number;
  readonly test: string;
  readonly attempt: number;
  /** the test's path, with the attempt where the run has several */
  readonly label: string;
  readonly family: string;
  readonly status: TestStatus;
  readonly durationMs: number;
  /** since the run (the shard) started */
  readonly startMs: number;
  readonly endMs: number;
  readonly slot?: number;
  readonly shard: number;
  /** one line: what went wrong, or why it was skipped */
  readonly remark?: string;
  /** place of its detail in the text of details, in UTF-16 units */
  readonly at: number;
  readonly length: number;
}

export interface PageDetail {
  readonly finished: EventOf<'test-finished'>;
  /** a command that runs it again */
  readonly rerun: string;
  readonly evidence?: Evidence;
}

export interface Evidence {
  readonly transcripts: readonly TranscriptPart[];
  readonly files: readonly Attachment[];
}

/** The QMP transcript of one QEMU. */
export interface TranscriptPart {
  /** as in the timeline's `machines` */
  readonly machine: string;
  readonly messages: readonly TranscriptMessage[];
  /** messages in the middle that are not here */
  readonly leftOut: number;
}

export interface TranscriptMessage {
  /** since this QEMU was started */
  readonly ms: number;
  /** `>` to QEMU, `<` from it */
  readonly dir: '>' | '<';
  /** JSON, cut where it is very long */
  readonly text: string;
}

export interface Attachment {
  readonly name: string;
  readonly bytes: number;
  /** relative to the HTML file */
  readonly href: string;
  /** of a small text all, of a larger one its end */
  readonly text?: string;
  /** whether `text` is only the end */
  readonly isEnd?: boolean;
}
