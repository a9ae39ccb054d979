import assert from 'node:assert/strict';
import {
  chmodSync,
  lstatSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { HarnessError } from '../model/errors.js';
import { checkReportPath, writeAtomically } from './atomic-file.js';
import { folderFor } from '../model/scratch.fixtures.js';

function* failingPieces(): Generator<string> {
  yield 'half of ';
  throw new Error('the source of the text broke');
}

test('a report file is the old one until the new one is complete', async (t) => {
  const folder = folderFor(t);
  const path = join(folder, 'report.txt');
  writeFileSync(path, 'old');
  await assert.rejects(
    writeAtomically(path, failingPieces()),
    /cannot write .*source of the text broke/,
  );
  assert.equal(readFileSync(path, 'utf8'), 'old');
  await writeAtomically(path, ['n', 'e', 'w']);
  assert.equal(readFileSync(path, 'utf8'), 'new');
  assert.deepEqual(readdirSync(folder), ['report.txt']);
});

test('a symbolic link stays one', async (t) => {
  const folder = folderFor(t);
  writeFileSync(join(folder, 'real'), 'old');
  symlinkSync('real', join(folder, 'link'));
  await writeAtomically(join(folder, 'link'), ['new']);
  assert(lstatSync(join(folder, 'link')).isSymbolicLink());
  assert.equal(readFileSync(join(folder, 'real'), 'utf8'), 'new');
});

test('a device is written to, never replaced, and a full one is an error', async () => {
  await writeAtomically('/dev/null', ['gone']);
  assert(statSync('/dev/null').isCharacterDevice());
  await assert.rejects(
    writeAtomically('/dev/full', ['too much']),
    (error) =>
      error instanceof HarnessError && error.blame === 'host' && error.message.includes('ENOSPC'),
  );
});

test('a place that cannot be written to is refused before the run', async (t) => {
  const folder = folderFor(t);
  writeFileSync(join(folder, 'file'), '');
  const bad: [string, RegExp][] = [
    [folder, /it is a directory/],
    [join(folder, 'none', 'x.xml'), /ENOENT/],
    [join(folder, 'file', 'x.xml'), /not a directory|ENOTDIR/],
  ];
  for (const [path, reason] of bad) {
    await assert.rejects(checkReportPath(path), (error) => {
      assert(error instanceof HarnessError);
      assert.equal(error.blame, 'usage');
      assert.match(error.message, reason);
      return true;
    });
  }
  await checkReportPath(join(folder, 'new.xml'));
  await checkReportPath(join(folder, 'file'));
  await checkReportPath('/dev/null');
});

test('a folder without write permission is refused', async (t) => {
  if (process.getuid?.() === 0) {
    t.skip('root may write everywhere');
    return;
  }
  const folder = folderFor(t);
  chmodSync(folder, 0o500);
  await assert.rejects(checkReportPath(join(folder, 'x.xml')), /EACCES/);
});
