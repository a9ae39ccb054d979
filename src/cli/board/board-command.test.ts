/** `drover board` as a process: it listens, answers, and ends at a signal. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Scratch } from '../../model/scratch.fixtures.js';
import { drover, startDrover } from '../process/drover.fixtures.js';

test('the board listens on a free port of loopback, answers, and ends with 0 at SIGINT', async () => {
  using scratch = new Scratch();
  const results = path.join(scratch.directory, 'results');
  mkdirSync(results);
  const { child, ended } = startDrover(['board', results], scratch);
  assert.ok(child.stdout !== null);
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  const [, address = ''] =
    /^drover board: (http:\/\/127\.0\.0\.1:\d+\/)\n$/.exec(String(said)) ?? [];
  const answer = await fetch(address);
  assert.equal(answer.status, 200);
  assert.match(await answer.text(), /No runs in this folder/);
  child.kill('SIGINT');
  const { code, stderr } = await ended;
  assert.equal(code, 0, stderr);
});

test('a folder that is not there, and an address of another host, are refused', async () => {
  using scratch = new Scratch();
  const missing = await drover(['board', path.join(scratch.directory, 'none')], scratch);
  assert.deepEqual([missing.code, missing.stderr.includes('cannot show')], [2, true]);
  const foreign = await drover(['board', '--host', '192.0.2.1', scratch.directory], scratch);
  assert.deepEqual(
    [foreign.code, foreign.stderr.includes('cannot listen on 192.0.2.1')],
    [2, true],
  );
});
