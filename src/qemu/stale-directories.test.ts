import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Scratch } from './qemus.fixtures.js';
import { claimDirectory, releaseDirectory, sweepStaleDirectories } from './stale-directories.js';

function runDirectory(scratch: Scratch, name: string): string {
  const directory = path.join(scratch.directory, name);
  mkdirSync(directory);
  return directory;
}

void test('a directory of a living run, and evidence of an ended one, are left alone', () => {
  using scratch = new Scratch();
  const living = runDirectory(scratch, 'drover-Living');
  claimDirectory(living);
  const ended = runDirectory(scratch, 'drover-Ended1');
  claimDirectory(ended);
  releaseDirectory(ended);
  assert.deepEqual(sweepStaleDirectories(scratch.directory), []);
  assert.ok(existsSync(living) && existsSync(ended));
});

void test('a directory whose owner is dead is removed, a recycled process id notwithstanding', () => {
  using scratch = new Scratch();
  const dead = spawnSync('/bin/true').pid;
  const owners = {
    'drover-Dead01': { pid: dead, started: '1' },
    'drover-Reused': { pid: process.pid, started: '1' },
  };
  for (const [name, owner] of Object.entries(owners)) {
    writeFileSync(path.join(runDirectory(scratch, name), 'owner.json'), JSON.stringify(owner));
  }
  assert.equal(sweepStaleDirectories(scratch.directory).length, 2);
  assert.deepEqual(scratch.content, []);
});

void test('a foreign directory with a similar name is left alone', () => {
  using scratch = new Scratch();
  runDirectory(scratch, 'drover-of-somebody');
  writeFileSync(
    path.join(runDirectory(scratch, 'drover-Garbage'.slice(0, 13)), 'owner.json'),
    'no json',
  );
  assert.deepEqual(sweepStaleDirectories(scratch.directory), []);
  assert.equal(scratch.content.length, 2);
});
