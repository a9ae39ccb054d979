/**
 * The bottom of a terminal that is redrawn in place, with permanent lines above it.
 *
 * The cursor is never hidden: it rests below the area, so that no way of dying, SIGKILL included,
 * leaves the user's terminal without one. Each update is one write, bracketed as one frame for
 * terminals that know synchronised output, so nothing flickers without hiding it either.
 *
 * A terminal made narrower may wrap a line of the last frame, which then takes more rows than are
 * erased: a row is left over. Erasing by a guess at the wrapping would, on terminals that do not
 * wrap, eat permanent lines, and those must not be lost.
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
      // Not log-update's own way of persisting: that cuts what is taller than the terminal.
      text = this.#buffer.take() + permanent.map((line) => `${line}\n`).join('');
    }
    if (frame.length > 0) this.#draw(frame.join('\n'));
    text += this.#buffer.take();
    if (text !== '') this.#sink.write(frameBegin + text + frameEnd);
  }
}
