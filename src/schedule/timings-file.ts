/**
 * The file of timings: an absent file is empty, an invalid one is an error, and a new one is
 * written completely or not at all.
 */
import { readFileSync } from 'node:fs';
import { safeParse } from 'valibot';
import type { HarnessError } from '../model/errors.js';
import { fileProblem, usageError } from '../model/errors.js';
import { noTimings, timingsShape } from './timings.js';
import type { Timings } from './timings.js';

/** undefined where there is no file yet */
export function readTimings(file: string): Timings | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw refused(file, fileProblem(cause), cause);
  }
  // `touch` or an empty cache leaves an empty file
  if (text.trim() === '') return noTimings;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw refused(file, 'it is not JSON', cause);
  }
  const parsed = safeParse(timingsShape, value);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const where = (issue.path ?? []).map(({ key }) => String(key)).join('.');
  throw refused(file, `${where === '' ? '' : `${where}: `}${issue.message}`);
}

function refused(file: string, why: string, cause?: unknown): HarnessError {
  return usageError(
    'timings-file',
    `--timings: '${file}' is not a file of timings: ${why}; give a file that drover run or drover merge wrote, or the name of a new one`,
    { cause },
  );
}

/** A test a line, so that two files can be compared. */
export function timingsText({ version, tests }: Timings): string {
  const lines = Object.entries(tests).map(
    ([name, { ms }]) => `    ${JSON.stringify(name)}: { "ms": [${ms.join(', ')}] }`,
  );
  const all = lines.length === 0 ? '{}' : `{\n${lines.join(',\n')}\n  }`;
  return `{\n  "version": ${version},\n  "tests": ${all}\n}\n`;
}
