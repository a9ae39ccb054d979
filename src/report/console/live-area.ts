/**
 * The bottom of a terminal that is redrawn in place, with permanent lines above it.
 *
 * The cursor is always visible, below the area, so that the terminal has one even after SIGKILL.
 * Each update is one write, marked as one frame for terminals with synchronised output, so that
 * nothing flickers.
 *
 * When the user makes the terminal narrower, it may wrap a line of the last frame; then a row stays
 * on the screen. To erase more rows would delete permanent lines on terminals that do not wrap.
 */
import { Writable } from 'node:stream';
import { createLogUpdate } from 'log-update';
import type { TerminalSize } from './live-frame.js';
import type { TextSink } from '../text-sink.js';

const frameBegin = '\u001B[?2026h';
const frameEnd = '\u001B[?2026l';

/** Collects what log-update writes; has the real terminal's size. */
class FrameBuffer extends Writable {
  #text = '';
  readonly #size: () => TerminalSize;

  constructor(size: () => TerminalSize) {
    super({ decodeStrings: false });
    this.#size = size;
  }

  get columns(): number {
    return this.#size().columns;
  }

  get rows(): number {
    return this.#size().rows;
  }

  override _write(chunk: unknown, _encoding: string, done: () => void): void {
    this.#text += String(chunk);
    done();
  }

  take(): string {
    const text = this.#text;
    this.#text = '';
    return text;
  }
}

export class LiveArea {
  readonly #sink: TextSink;
  readonly #buffer: FrameBuffer;
  readonly #draw: ReturnType<typeof createLogUpdate>;

  constructor(sink: TextSink, size: () => TerminalSize) {
    this.#sink = sink;
    this.#buffer = new FrameBuffer(size);
    this.#draw = createLogUpdate(this.#buffer, { showCursor: true });
  }

  /** Adds `permanent` above and shows `frame` below; without a frame the area is gone. */
  update(permanent: readonly string[], frame: readonly string[]): void {
    let text = '';
    if (permanent.length > 0 || frame.length === 0) {
      this.#draw.clear();
      // log-update's own method would cut text that is taller than the terminal.
      text = this.#buffer.take() + permanent.map((line) => `${line}\n`).join('');
    }
    if (frame.length > 0) this.#draw(frame.join('\n'));
    text += this.#buffer.take();
    if (text !== '') this.#sink.write(frameBegin + text + frameEnd);
  }
}
