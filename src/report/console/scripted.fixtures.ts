/** Streams that follow a script, for the tests of the reporters. */
import { Writable } from 'node:stream';

/** Remembers what was written to it. */
export class Paper extends Writable {
  text = '';
  columns = 80;
  rows = 24;

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    this.text += chunk.toString('utf8');
    done();
  }
}

/** Takes some writes, then fails each one as the named system error does. */
export class FailingPaper extends Paper {
  attempts = 0;
  readonly #code: string;
  readonly #after: number;

  constructor(code: string, after: number) {
    super();
    this.#code = code;
    this.#after = after;
  }

  override _write(chunk: Buffer, encoding: string, done: (error?: Error) => void): void {
    this.attempts += 1;
    if (this.attempts <= this.#after) super._write(chunk, encoding, done);
    else done(Object.assign(new Error(`${this.#code}: scripted`), { code: this.#code }));
  }

  /**
   * As with process.stdout, an error does not end the stream: it is writable again, and fails
   * again.
   */
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    done(error);
    (this as unknown as { _undestroy: () => void })._undestroy();
  }
}

/** What a person sees: a terminal of the sequences that the live area uses, and no other. */
export class Screen {
  readonly #lines: string[] = [''];
  #row = 0;
  #column = 0;
  cursorHidden = false;

  write(text: string): void {
    // eslint-disable-next-line no-control-regex -- escape sequences are the subject
    for (const part of text.matchAll(/\u001B\[(\??)(\d*)([A-Za-z])|[^\u001B]/gu)) {
      const [whole, privateMode, count, letter] = part;
      if (letter === undefined) this.#put(whole);
      else if (privateMode === '?') this.#mode(count ?? '', letter);
      else this.#control(letter, count === '' ? 1 : Number(count));
    }
  }

  get lines(): readonly string[] {
    return this.#lines.map((line) => line.trimEnd());
  }

  #put(character: string): void {
    if (character === '\n') {
      this.#row += 1;
      this.#column = 0;
      if (this.#row === this.#lines.length) this.#lines.push('');
      return;
    }
    const line = (this.#lines[this.#row] ?? '').padEnd(this.#column);
    this.#lines[this.#row] = line.slice(0, this.#column) + character + line.slice(this.#column + 1);
    this.#column += 1;
  }

  #mode(number: string, letter: string): void {
    if (number === '25') this.cursorHidden = letter === 'l';
    else if (number !== '2026') throw new Error(`unknown mode ${number}${letter}`);
  }

  #control(letter: string, count: number): void {
    const line = this.#lines[this.#row] ?? '';
    if (letter === 'A') this.#row = Math.max(0, this.#row - count);
    else if (letter === 'B') this.#row = Math.min(this.#lines.length - 1, this.#row + count);
    else if (letter === 'G') this.#column = count - 1;
    else if (letter === 'K') {
      // 2K is the whole line; a bare K, read as 1 here, is from the cursor on.
      this.#lines[this.#row] = count === 2 ? '' : line.slice(0, this.#column);
    } else if (letter !== 'm') throw new Error(`unknown sequence ${String(count)}${letter}`);
  }
}
