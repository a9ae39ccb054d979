/**
 * Cuts a byte stream into text lines. QMP and qtest both end every message with a line feed and
 * carry none inside. A line has a length limit, so a peer that never ends one cannot exhaust
 * memory.
 */
import { HarnessError } from '../model/errors.js';

export class LineSplitter {
  #rest: Buffer[] = [];
  #restBytes = 0;

  constructor(
    private readonly onLine: (line: string) => void,
    private readonly limitBytes = 64 * 1024 * 1024,
  ) {}

  push(chunk: Buffer): void {
    let from = 0;
    for (;;) {
      const at = chunk.indexOf(0x0a, from);
      if (at < 0) break;
      const piece = chunk.subarray(from, at);
      const line = this.#rest.length === 0 ? piece : Buffer.concat([...this.#rest, piece]);
      this.#rest = [];
      this.#restBytes = 0;
      from = at + 1;
      this.onLine(line.toString('utf8').trimEnd());
    }
    if (from === chunk.length) return;
    // a copy: the chunk may be overwritten once this returns
    const rest = Buffer.from(chunk.subarray(from));
    this.#rest.push(rest);
    this.#restBytes += rest.length;
    if (this.#restBytes > this.limitBytes) {
      throw new HarnessError({
        code: 'line-too-long',
        blame: 'contract',
        message: `a line of more than ${this.limitBytes} bytes without an end came in`,
      });
    }
  }

  /** what came after the last line feed */
  get remainder(): string {
    return Buffer.concat(this.#rest).toString('utf8');
  }
}
