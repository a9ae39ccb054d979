/**
 * Writes down a command line so that a person can run it again: evidence beside the transcripts.
 */
import { writeFileSync } from 'node:fs';
import { HarnessError } from '../model/errors.js';
import { shellQuote } from '../model/shell.js';
import type { QemuBinary } from './binary.js';

export function writeLaunchRecord(
  file: string,
  binary: QemuBinary<string>,
  args: readonly string[],
): void {
  const text = `${binary.command} ${args.map(shellQuote).join(' ')}\n`;
  try {
    writeFileSync(file, text, { mode: 0o600 });
  } catch (cause) {
    throw new HarnessError({
      code: 'work-directory',
      blame: 'host',
      message: `cannot write '${file}': ${cause instanceof Error ? cause.message : String(cause)}`,
      cause,
    });
  }
}
