/** `drover faults`: what it chooses, refuses, runs and reports. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { asArray, asObject, asString } from '../../model/json.js';
import { Scratch } from '../../model/scratch.fixtures.js';
import { realQemu } from '../../qemu/qemus.fixtures.js';
import { drover, testRefusal } from '../process/drover.fixtures.js';

const usual = realQemu('10.0');
const { skip } = usual;
const qemu = ['--qemu', usual.command, '--accel', 'tcg'];

for (const refusal of [
  ['two choices', ['--random', '3', '--level', 'full'], /--random 3 and --level full both choose/],
  ['no number', ['--random', 'many'], /expected a whole number/],
  ['a level that is none', ['--level', 'flaky'], /expected one of smoke, full, thorough/],
] as const) {
  testRefusal(['faults', ...qemu], refusal, skip);
}

test(
  'shards are parts of the same choice, and --list says what does not go together',
  { skip },
  async () => {
    using scratch = new Scratch();
    const listed = async (...more: string[]): Promise<string[]> => {
      const { code, stdout } = await drover(['faults', '--list', ...qemu, ...more], scratch);
      assert.equal(code, 0);
      return stdout.split('\n');
    };
    const names = (lines: string[]): string[] =>
      lines.flatMap((line) => /^\/x86_64\/\S+/.exec(line) ?? []).sort();
    const all = await listed('--random', '9', '--seed', '4');
    assert.match(
      all.join('\n'),
      /mode postcopy, preempt: only with answers return-path: postcopy asks/,
    );
    const parts = await Promise.all(
      ['1/2', '2/2'].map(async (shard) =>
        names(await listed('--random', '9', '--seed', '4', '--shard', shard)),
      ),
    );
    assert.equal(names(all).length, 9);
    assert.deepEqual(parts.flat().sort(), names(all));
  },
);

test(
  'a fault is run and reported like any test, and its name alone runs it again',
  { skip },
  async () => {
    using scratch = new Scratch();
    const file = path.join(scratch.directory, 'all.json');
    const more = ['--random', '1', '--seed', '21', '--json', file];
    const { code, stdout, stderr } = await drover(['faults', ...qemu, ...more], scratch);
    assert.equal(code, 0, stdout + stderr);
    assert.match(stderr, /1 fault, random, --seed 21/);
    assert.match(stdout, /of 1 fault that passed:\n {2}ended by itself/);
    const { tests } = asObject(JSON.parse(readFileSync(file, 'utf8')) as never);
    const { test: name, outcome } = asObject(asArray(tests)[0]);
    assert.match(JSON.stringify(outcome), /"fault":\{"before":"/);
    const again = await drover(['run', ...qemu, '-p', asString(name) ?? ''], scratch);
    assert.equal(again.code, 0, again.stdout + again.stderr);
    assert.match(again.stdout, /1 passed/);
    assert.deepEqual(scratch.processes(), []);
  },
);
