/** The console where there is no terminal: one line for each finished test, as it finishes. */
import type { DroverEvent } from '../../model/events.js';
import { ConsoleText } from './console-text.js';
import { paintWith } from './colors.js';
import type { Reporter } from '../reporter.js';
import { TextSink } from '../text-sink.js';
import type { TextStream } from '../text-sink.js';

export interface PlainConsoleOptions {
  readonly stream: TextStream;
  readonly color: boolean;
}

export class PlainConsole implements Reporter {
  readonly name = 'console';
  readonly #sink: TextSink;
  readonly #text: ConsoleText;

  constructor({ stream, color }: PlainConsoleOptions) {
    this.#sink = new TextSink(stream);
    this.#text = new ConsoleText(paintWith(color));
  }

  onEvent(event: DroverEvent): void {
    this.#sink.writeLines(this.#text.linesFor(event));
  }

  async close(): Promise<void> {
    this.#sink.writeLines(this.#text.endLines());
    await this.#sink.flush();
  }
}
