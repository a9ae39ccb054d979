import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Scratch } from '../model/scratch.fixtures.js';
import { claimDirectory, sweepStaleDirectories } from './stale-directories.js';

function runDirectory(scratch: Scratch, name: string): string {
  const directory = path.join(scratch.directory, name);
  mkdirSync(directory);
  return directory;
}

test('a directory of a living run is left alone', () => {
  using scratch = new Scratch();
  claimDirectory(runDirectory(scratch, 'drover-Living'));
  assert.deepEqual(sweepStaleDirectories(scratch.directory), []);
  assert.equal(scratch.content.length, 1);
});

/** an owner file as `claimDirectory` writes it, with some of it changed */
function claimAs(directory: string, change: Record<string, unknown>): void {
  claimDirectory(directory);
  const file = path.join(directory, 'owner.json');
  const owner = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  writeFileSync(file, JSON.stringify({ ...owner, ...change }));
}

test('a directory whose owner is dead is removed, even if its process id is in use again', () => {
  using scratch = new Scratch();
  claimAs(runDirectory(scratch, 'drover-Dead01'), { pid: spawnSync('/bin/true').pid });
  claimAs(runDirectory(scratch, 'drover-Reused'), { started: '1' });
  assert.equal(sweepStaleDirectories(scratch.directory).length, 2);
  assert.deepEqual(scratch.content, []);
});

test('a directory of another PID namespace or another boot is kept', () => {
  using scratch = new Scratch();
  const dead = spawnSync('/bin/true').pid;
  claimAs(runDirectory(scratch, 'drover-Afar01'), { pid: dead, world: 'boot pid:[1]' });
  claimAs(runDirectory(scratch, 'drover-NoIdea'), { pid: dead, world: undefined });
  assert.deepEqual(sweepStaleDirectories(scratch.directory), []);
  assert.equal(scratch.content.length, 2);
});

test('a foreign directory with a similar name is left alone', () => {
  using scratch = new Scratch();
  runDirectory(scratch, 'drover-of-somebody');
  writeFileSync(
    path.join(runDirectory(scratch, 'drover-Garbage'.slice(0, 13)), 'owner.json'),
    'no json',
  );
  assert.deepEqual(sweepStaleDirectories(scratch.directory), []);
  assert.equal(scratch.content.length, 2);
});
