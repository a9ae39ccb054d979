/**
 * What a Linux guest says on its console, line by line: how far it is, and what it sees as wrong
 * (guest/linux/busy.c). Pure.
 */

/** The counters of what runs in the guest, and the guest's own clock. */
export interface Beat {
  readonly number: number;
  /** of the guest's monotonic clock */
  readonly seconds: number;
  readonly counts: Readonly<Record<string, number>>;
}

const beatLine = /^drover: beat (\d+) at (\d+\.\d+)((?: [\w.-]+=\d+)*)$/;
const wrongLine = /^drover: wrong (.+)$/;
/** A kernel that ends so can no longer print lines of ours. */
const panicLine = /Kernel panic - .*/;
const readyLine = 'drover: ready';

/** All that a guest has said on one machine. */
export class ConsoleLines {
  #rest = '';
  #ready = false;
  #beats: Beat[] = [];
  readonly #complaints: string[] = [];
  #last = '';

  /** @param text the next piece of what it prints, which may end in the middle of a line */
  take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#line(line.replaceAll('\r', ''));
  }

  #line(line: string): void {
    // The kernel may print while a line is written, or the machine may have begun in the middle of one.
    const at = line.lastIndexOf('drover: ');
    const own = at < 0 ? line : line.slice(at);
    if (line !== '') this.#last = line;
    if (own === readyLine) this.#ready = true;
    const complaint = wrongLine.exec(own)?.[1] ?? panicLine.exec(line)?.[0];
    if (complaint !== undefined) this.#complaints.push(complaint);
    const [, number, seconds, counts] = beatLine.exec(own) ?? [];
    if (number === undefined || seconds === undefined || counts === undefined) return;
    const pairs = counts
      .split(' ')
      .filter((word) => word !== '')
      .map((word) => word.split('='))
      .map(([name = '', count = '']) => [name, Number(count)] as const);
    this.#beats.push({
      number: Number(number),
      seconds: Number(seconds),
      counts: Object.fromEntries(pairs),
    });
    // the first, to compare with, and the last
    if (this.#beats.length > 2) this.#beats.splice(1, 1);
  }

  /** all that keeps it busy has begun; said once in its life */
  get isReady(): boolean {
    return this.#ready;
  }

  /** what it has seen as wrong, in its words */
  get complaints(): readonly string[] {
    return this.#complaints;
  }

  get firstBeat(): Beat | undefined {
    return this.#beats[0];
  }

  get lastBeat(): Beat | undefined {
    return this.#beats.at(-1);
  }

  get lastLine(): string {
    return this.#last;
  }
}

/**
 * What has not gone on far enough between two beats. Losses need not grow.
 * @param least counts of more than one
 */
export function standingStill(
  first: Beat,
  last: Beat,
  least: Readonly<Record<string, number>> = {},
): string[] {
  return Object.entries(first.counts).flatMap(([name, before]) => {
    const more = (last.counts[name] ?? 0) - before;
    return name.endsWith('.lost') || more >= (least[name] ?? 1) ? [] : [name];
  });
}
