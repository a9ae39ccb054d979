/** Holds docs/reference/offline.md to the options that the commands have. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Scratch, packageRoot } from '../../model/scratch.fixtures.js';
import { drover } from '../process/drover.fixtures.js';

const page = readFileSync(path.join(packageRoot, 'docs', 'reference', 'offline.md'), 'utf8');

/** options that rows of a table begin with, in the part of the page under a heading */
function documented(heading: string): string[] {
  const part = page.split(/^##+ /m).find((text) => text.startsWith(`${heading}\n`));
  assert.ok(part !== undefined, `offline.md has a part '${heading}'`);
  return [...part.matchAll(/^\| `(--[a-z-]+)/gm)].map(([, option = '']) => option);
}

for (const command of ['scan', 'inspect', 'diff', 'export']) {
  test(`offline.md has a row for every option of drover ${command}, and no row for another`, async () => {
    using scratch = new Scratch();
    const { stdout } = await drover([command, '--help'], scratch);
    const real = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, option]) => option);
    const rows = [...documented('How a source is read'), ...documented(`drover ${command}`)];
    assert.deepEqual(new Set(rows), new Set(real.filter((option) => option !== '--help')));
    assert.equal(rows.length, real.length - 1, 'no row twice');
  });
}
