/** Writes to standard output as fast as the reader reads, and notes to standard error. */
import { printableLine } from '../../model/text/printable.js';

/** Writes all of it and waits, so that a slow reader of a long output costs no memory. */
export async function print(text: string): Promise<void> {
  if (text === '' || process.stdout.destroyed) return;
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(text, (error) => {
      // A reader that closes the pipe (| head) is no error.
      if (error && (error as NodeJS.ErrnoException).code !== 'EPIPE') reject(error);
      else resolve();
    });
  });
}

export const lines = (texts: readonly string[]): string =>
  texts.map((line) => `${line}\n`).join('');

export function noteOnStderr(text: string): void {
  process.stderr.write(`drover: ${printableLine(text)}\n`);
}
