/**
 * Paths below TMPDIR get into shell commands and into QEMU's options, each with quotes of its own.
 */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { realQemu } from '../../qemu/qemus.fixtures.js';
import { Scratch } from '../../model/scratch.fixtures.js';
import { drover } from '../process/drover.fixtures.js';

const qemu = realQemu('11.1');
const tests = ['precopy/exec/plain', 'analyze-script', 'mode/transfer', 'precopy/file'];

test('TMPDIR may hold a blank, a comma and a quote', { skip: qemu.skip }, async () => {
  using scratch = new Scratch();
  const TMPDIR = path.join(scratch.directory, "a b,c'd");
  mkdirSync(TMPDIR);
  const which = tests.flatMap((name) => ['-p', name]);
  const args = ['run', '--qemu', qemu.command, '--accel', 'tcg', ...which];
  const ran = await drover(args, scratch, { TMPDIR });
  assert.equal(ran.code, 0, ran.stdout + ran.stderr);
  assert.doesNotMatch(ran.stdout, /^skip /m);
  assert.deepEqual(scratch.processes(), []);
});
