/**
 * TAP version 14, during the run. A run with fewer attempts than planned ends with `Bail out!`, so
 * that no reader takes it for one that passed.
 */
import type { DroverEvent, EventOf } from '../../model/events.js';
import { Labels, StableNames } from '../fold/labels.js';
import type { Reporter } from '../reporter.js';
import { testStatusOf } from '../fold/test-status.js';
import { bailOut, comment, headerLines, planLine, pointLines, retriedLines } from './tap-text.js';
import { TextSink } from '../text-sink.js';
import type { TextStream } from '../text-sink.js';

export class TapReporter implements Reporter {
  readonly name = 'TAP';
  readonly #sink: TextSink;
  #labels = new Labels();
  #names = new StableNames(this.#labels);
  #planned: number | undefined;
  #points = 0;
  #cancelled = 0;
  #ended = false;
  #begun = false;

  constructor(stream: TextStream) {
    this.#sink = new TextSink(stream);
  }

  onEvent(event: DroverEvent): void {
    switch (event.type) {
      case 'run-started':
        this.#labels = new Labels(event);
        this.#names = new StableNames(this.#labels);
        this.#planned = event.endless === true ? undefined : event.total;
        this.#begun = true;
        this.#sink.writeLines(headerLines(event));
        break;
      case 'test-finished':
        if (testStatusOf(event) === 'retried') {
          this.#sink.writeLines(retriedLines(event, this.#labels.of(event)));
          break;
        }
        this.#points += 1;
        if (event.outcome.kind === 'cancelled') this.#cancelled += 1;
        this.#sink.writeLines(pointLines(event, this.#points, this.#names.next(event.test)));
        break;
      case 'warning':
        this.#sink.writeLines([comment(`warning: ${event.message}`)]);
        break;
      case 'run-finished':
        this.#end(event);
        break;
      case 'test-started':
      case 'phase-started':
      case 'migration-status':
        break;
    }
  }

  async close(): Promise<void> {
    this.#end();
    await this.#sink.flush();
  }

  #end(finished?: EventOf<'run-finished'>): void {
    if (this.#ended) return;
    this.#ended = true;
    const reason = this.#incomplete(finished);
    if (this.#begun && this.#planned === undefined) {
      this.#sink.writeLines([planLine(this.#points)]);
    }
    if (reason === undefined) return;
    if (!this.#begun) this.#sink.writeLines(['TAP version 14']);
    this.#sink.writeLines([bailOut(reason)]);
  }

  #incomplete(finished: EventOf<'run-finished'> | undefined): string | undefined {
    if (finished?.failure !== undefined) {
      return `${finished.failure.code}: ${finished.failure.message}`;
    }
    if (!this.#begun) return 'the run did not start';
    const planned = this.#planned ?? this.#points;
    const notRun = planned - this.#points;
    const of = `${String(this.#points)} of ${String(planned)}`;
    if (this.#cancelled > 0 || finished?.exitCode === 130) return `cancelled after ${of} tests`;
    if (finished === undefined) return `the run ended early, after ${of} tests`;
    return notRun > 0 ? `the run ended after ${of} tests` : undefined;
  }
}
