/** `drover generate`: what it chooses, refuses, runs and reports. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { asArray, asObject, asString } from '../../model/json.js';
import type { Json } from '../../model/json.js';
import { Scratch } from '../../model/scratch.fixtures.js';
import { combinationOfPath } from '../../migration/generated/combination.js';
import { realQemu } from '../../qemu/qemus.fixtures.js';
import { drover, testRefusal } from '../process/drover.fixtures.js';

const usual = realQemu('10.0');
const newer = realQemu('11.1');
const { skip } = usual;
const qemu = ['--qemu', usual.command, '--accel', 'tcg'];

for (const refusal of [
  [
    'two choices',
    ['--random', '3', '--level', 'pairs'],
    /--random 3 and --level pairs both choose/,
  ],
  ['a level that is none', ['--level', 'full'], /expected one of pairs, triples|Allowed choices/],
  ['no time', ['--search', 'long'], /--search/],
] as const) {
  testRefusal(['generate', ...qemu], refusal, skip);
}

const readJson = (file: string): Json => JSON.parse(readFileSync(file, 'utf8')) as Json;

const listed = async (args: readonly string[], scratch: Scratch): Promise<string[]> => {
  const { code, stdout, stderr } = await drover(['generate', '--list', ...args], scratch);
  assert.equal(code, 0, stderr);
  return stdout.split('\n');
};
const names = (lines: readonly string[]): string[] =>
  lines.flatMap((line) => /^\/x86_64\/\S+/.exec(line) ?? []).sort();

test('shards are parts of the same choice, whose names are combinations', { skip }, async () => {
  using scratch = new Scratch();
  const all = names(await listed([...qemu, '--random', '5', '--seed', '4'], scratch));
  assert.ok(all.length >= 5);
  const parts: string[] = [];
  for (const shard of ['1/2', '2/2']) {
    parts.push(
      ...names(await listed([...qemu, '--random', '5', '--seed', '4', '--shard', shard], scratch)),
    );
  }
  assert.deepEqual(parts.sort(), all);
  for (const name of all) {
    assert.ok(combinationOfPath(name.replace('/x86_64', '')) !== undefined, name);
  }
});

test(
  'across versions only what both have is combined, and --list says what is not, and why',
  { skip: skip === false ? newer.skip : skip },
  async () => {
    using scratch = new Scratch();
    const both = ['--qemu-src', usual.command, '--qemu-dst', newer.command, '--accel', 'tcg'];
    const text = (await listed([...both, '--random', '2'], scratch)).join('\n');
    assert.match(text, /^ {2}zero-blocks: QEMU 11\S* has no capability zero-blocks$/m);
    assert.match(text, /^ {2}multifd, postcopy or recovery: not together: /m);
    assert.match(text, /^ {2}events: always on/m);
    assert.doesNotMatch(text, /^\/x86_64\S*zero-blocks/m);
  },
);

test(
  'combinations are run and reported like any tests, with their pairs, and their names alone run them again',
  { skip },
  async () => {
    using scratch = new Scratch();
    const file = (name: string): string => path.join(scratch.directory, name);
    const more = ['--random', '2', '--seed', '3', '--json', file('all.json')];
    const args = ['generate', ...qemu, ...more, `--coverage=${file('coverage.json')}`];
    const { code, stdout, stderr } = await drover(args, scratch);
    assert.equal(code, 0, stdout + stderr);
    assert.match(
      stderr,
      /^drover: \d combinations of 30 factors, random, --seed 3; QEMU refuses \d/m,
    );
    const { tests } = asObject(readJson(file('all.json')));
    const outcomes = asArray(tests).map(asObject);
    const migrated = outcomes.filter(({ outcome }) => asObject(outcome)['refused'] === undefined);
    assert.ok(migrated.length >= 1);
    const said = /^pairs of values: ([\d,]+) of ([\d,]+) that go together/m.exec(stdout);
    assert.ok(said !== null, stdout);
    const { covered, total } = asObject(asObject(readJson(file('coverage.json')))['pairs']);
    assert.equal(Number(said[1]?.replace(',', '')), covered);
    assert.ok(Number(covered) > 100 && Number(covered) < Number(total));
    assert.match(stdout, /^pairs of values \(drover generate\): \d+ of [\d,]+; missing:$/m);
    const name = asString(migrated[0]?.['test']) ?? '';
    const again = await drover(['run', ...qemu, '-p', name], scratch);
    assert.equal(again.code, 0, again.stdout + again.stderr);
    assert.match(again.stdout, /1 passed/);
    assert.deepEqual(scratch.processes(), []);
  },
);
