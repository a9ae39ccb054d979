/** Writing to standard output, at the pace of who reads it. */

/** Writes all of it and waits, so that a slow reader of a long output costs no memory. */
export async function print(text: string): Promise<void> {
  if (text === '' || process.stdout.destroyed) return;
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(text, (error) => {
      // A reader that has seen enough (| head) is no error.
      if (error && (error as NodeJS.ErrnoException).code !== 'EPIPE') reject(error);
      else resolve();
    });
  });
}

export const lines = (texts: readonly string[]): string =>
  texts.map((line) => `${line}\n`).join('');
