/** The console on a terminal: finished tests stay above, running tests are redrawn below them. */
import type { DroverEvent } from '../../model/events.js';
import { ConsoleText } from './console-text.js';
import { LiveArea } from './live-area.js';
import { frameLines } from './live-frame.js';
import type { TerminalSize } from './live-frame.js';
import { LiveProgress } from './live-progress.js';
import { paintWith } from './colors.js';
import type { Paint } from './colors.js';
import type { Reporter } from '../reporter.js';
import { TextSink } from '../text-sink.js';
import type { TextStream } from '../text-sink.js';

/** Calls `redraw` periodically until the returned function is called. */
export type Ticker = (redraw: () => void) => () => void;

export interface LiveConsoleOptions {
  readonly stream: TextStream;
  readonly color: boolean;
  /** a clock that never goes back, milliseconds */
  readonly now: () => number;
  readonly ticker?: Ticker;
}

const redrawEveryMs = 80;

function intervalTicker(redraw: () => void): () => void {
  // The display alone must not keep the process alive.
  const timer = setInterval(redraw, redrawEveryMs).unref();
  return () => {
    clearInterval(timer);
  };
}

export class LiveConsole implements Reporter {
  readonly name = 'console';
  readonly #stream: TextStream;
  readonly #sink: TextSink;
  readonly #now: () => number;
  readonly #paint: Paint;
  readonly #text: ConsoleText;
  readonly #progress = new LiveProgress();
  readonly #area: LiveArea;
  readonly #stopTicker: () => void;
  readonly #onResize = (): void => {
    this.#redraw();
  };
  #permanent: string[] = [];
  #running = false;

  constructor({ stream, color, now, ticker = intervalTicker }: LiveConsoleOptions) {
    this.#stream = stream;
    this.#sink = new TextSink(stream);
    this.#now = now;
    this.#paint = paintWith(color);
    this.#text = new ConsoleText(this.#paint);
    this.#area = new LiveArea(this.#sink, () => this.#size());
    this.#stopTicker = ticker(() => {
      this.#redraw();
    });
    stream.on('resize', this.#onResize);
  }

  onEvent(event: DroverEvent): void {
    this.#progress.onEvent(event, this.#now());
    this.#permanent.push(...this.#text.linesFor(event));
    if (event.type === 'run-started') this.#running = true;
    if (event.type === 'run-finished') this.#running = false;
    // Everything else waits for the next tick: a burst of events costs one frame.
    if (event.type === 'run-started' || event.type === 'run-finished') this.#redraw();
  }

  async close(): Promise<void> {
    this.#stopTicker();
    this.#stream.off('resize', this.#onResize);
    this.#running = false;
    this.#permanent.push(...this.#text.endLines());
    this.#redraw();
    await this.#sink.flush();
  }

  #size(): TerminalSize {
    // a terminal of unknown size reports 0 or undefined
    const { columns = 0, rows = 0 } = this.#stream;
    return { columns: columns > 0 ? columns : 80, rows: rows > 0 ? rows : 24 };
  }

  #redraw(): void {
    if (!this.#sink.open) {
      this.#permanent = [];
      return;
    }
    const frame = this.#running
      ? frameLines(this.#progress, this.#now(), this.#size(), this.#paint)
      : [];
    this.#area.update(this.#permanent, frame);
    this.#permanent = [];
  }
}
