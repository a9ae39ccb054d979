import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { folderFor } from '../model/scratch.fixtures.js';
import { editInPlace, editedFile, editsOf, replacement } from './edit.js';
import type { Edit } from './edit.js';

const never = new AbortController().signal;

async function edited(file: string, edits: readonly Edit[]): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const bytes of editedFile(file, editsOf(edits, 0), never)) pieces.push(bytes);
  return Buffer.concat(pieces).toString('latin1');
}

test('bytes give way to as many, to none and to more, in the order of places', async (t) => {
  const file = path.join(folderFor(t), 'file');
  writeFileSync(file, '0123456789');
  assert.equal(await edited(file, []), '0123456789');
  const edits = [
    { file: 0, at: 8, remove: 2, insert: Buffer.from('xyz') },
    replacement(0, 0, Buffer.from('ab')),
    { file: 0, at: 2, remove: 3, insert: Buffer.alloc(0) },
    replacement(1, 5, Buffer.from('another file')),
  ];
  assert.equal(await edited(file, edits), 'ab567xyz');
  assert.equal(readFileSync(file, 'latin1'), '0123456789', 'the recording stays as it is');
});

test('edits that overlap are refused', () => {
  const edits = [replacement(0, 0, Buffer.from('abc')), replacement(0, 2, Buffer.from('d'))];
  assert.throws(() => editsOf(edits, 0), /two edits of file 0 overlap at 2/);
});

test('a file itself takes replacements only', async (t) => {
  const file = path.join(folderFor(t), 'file');
  writeFileSync(file, '0123456789');
  await editInPlace(file, [replacement(0, 4, Buffer.from('xy'))]);
  assert.equal(readFileSync(file, 'latin1'), '0123xy6789');
  const longer = { file: 0, at: 0, remove: 0, insert: Buffer.from('z') };
  await assert.rejects(editInPlace(file, [longer]), /an edit at 0 moves what follows it/);
});
