/** The pages of docs/reference, and what Drover's help says, for the tests that compare the two. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Scratch, packageRoot } from '../../model/scratch.fixtures.js';
import { drover } from '../process/drover.fixtures.js';

export const read = (...parts: string[]): string =>
  readFileSync(path.join(packageRoot, ...parts), 'utf8');

export const reference = (page: string): string => read('docs', 'reference', page);

/**
 * The part of a page below a heading, to the next heading of any level above `###`, or of `###`
 * itself.
 */
export function part(page: string, heading: string): string {
  const level = heading.startsWith('###') ? /^(?=#{2,3} )/m : /^(?=## )/m;
  const found = reference(page)
    .split(level)
    .find((text) => text.startsWith(`${heading}\n`));
  assert.ok(found !== undefined, `${page} has '${heading}'`);
  return found;
}

/** The cells of each row of the tables in a text, without heads and rules. */
export function rowsIn(text: string): string[][] {
  return text
    .split('\n')
    .filter((line, index, all) => line.startsWith('|') && !(all[index + 1] ?? '').startsWith('| -'))
    .filter((line) => !line.startsWith('| -'))
    .map((line) =>
      line
        .replaceAll(String.raw`\|`, '\u0000')
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.replaceAll('\u0000', '|').trim()),
    );
}

/** all groups 1 of all matches, each once */
export function allOf(pattern: RegExp, text: string): string[] {
  return [...new Set([...text.matchAll(pattern)].flatMap((match) => match[1] ?? []))].sort();
}

/** what a command of Drover prints */
export async function output(...args: string[]): Promise<string> {
  using scratch = new Scratch();
  const ran = await drover(args, scratch);
  assert.equal(ran.code, 0, ran.stderr);
  return ran.stdout;
}
