/**
 * A user's own modules through the command line: listed, run in workers, reported with the command
 * that runs them again.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { asArray, asObject, asString } from '../../model/json.js';
import type { Json, JsonObject } from '../../model/json.js';
import { realQemu } from '../../qemu/qemus.fixtures.js';
import { Scratch } from '../../model/scratch.fixtures.js';
import { drover } from '../process/drover.fixtures.js';
import type { Ran } from '../process/drover.fixtures.js';

const qemu = realQemu('10.0');
const { skip } = qemu;

const own = `
import assert from 'node:assert/strict';
import { HarnessError, precopyTest } from 'drover';
const ends = { listen: 'unix:$DIR/migsocket', connect: 'unix:$DIR/migsocket' };
export default [
  precopyTest({ path: '/own/passes', level: 'smoke', ...ends, live: true }),
  precopyTest({
    path: '/own/blames',
    level: 'smoke',
    ...ends,
    endHook: async ({ destination }) => {
      const { status } = await destination.qmp.execute('query-status');
      throw new HarnessError({ code: 'own-code', blame: 'contract', message: 'it is ' + status });
    },
  }),
  precopyTest({
    path: '/own/claims',
    level: 'smoke',
    ...ends,
    startHook: async () => assert.equal(1, 2, 'one is two'),
  }),
  precopyTest({
    path: '/own/slips',
    level: 'smoke',
    ...ends,
    startHook: async (pair) => pair.nobody.home(),
  }),
  precopyTest({ path: '/own/thorough', level: 'thorough', ...ends }),
  precopyTest({
    path: '/own/skipped',
    level: 'smoke',
    ...ends,
    needs: [{ kind: 'capability', name: 'x-time-travel', since: '42.0' }],
  }),
];
`;

/** A folder with `own.mjs`, away from Drover's. */
function makeTests(scratch: Scratch): { readonly folder: string; readonly file: string } {
  const folder = path.join(realpathSync(scratch.directory), 'my tests');
  mkdirSync(folder);
  const file = path.join(folder, 'own.mjs');
  writeFileSync(file, own);
  return { folder, file };
}

async function run(scratch: Scratch, ...args: string[]): Promise<Ran> {
  return await drover(['run', '--qemu', qemu.command, '--accel', 'tcg', ...args], scratch);
}

function resultsOf(file: string): Map<string, JsonObject> {
  const document = asObject(JSON.parse(readFileSync(file, 'utf8')) as Json);
  return new Map(
    asArray(document['tests']).map((entry) => [
      asString(asObject(entry)['test']) ?? '',
      asObject(entry),
    ]),
  );
}

test("a folder's tests run, fail and break as Drover's own do", { skip }, async () => {
  using scratch = new Scratch();
  const { folder, file } = makeTests(scratch);
  const json = path.join(scratch.directory, 'results.json');
  const out = path.join(scratch.directory, 'out');
  const ran = await run(scratch, '--tests', folder, '--json', json, '--out', out, '-j', '2');
  assert.equal(ran.code, 1, ran.stdout + ran.stderr);
  const results = resultsOf(json);
  const told = [...results].map(([name, { outcome }]) => {
    const { kind, failure } = asObject(outcome);
    const code = asString(asObject(failure)['code']) ?? '';
    return `${name.replace('/x86_64/own/', '')} ${asString(kind) ?? ''} ${code}`;
  });
  assert.deepEqual(told.sort(), [
    'blames failed own-code',
    'claims failed assertion',
    'passes passed ',
    'skipped skipped ',
    'slips broken test-threw',
  ]);
  assert.match(ran.stdout, /error +own-code: it is running/);
  assert.match(ran.stdout, /own\.mjs:26:\d+/, 'the place of the slip');
  const again = `--tests '${file}'`;
  const evidence = path.join(out, 'own-blames-1', 'rerun.txt');
  for (const text of [readFileSync(evidence, 'utf8'), ran.stdout]) {
    assert.ok(text.includes(`drover run -p /x86_64/own/blames ${again} --qemu`), text);
  }
  assert.deepEqual(scratch.processes(), []);
});

test(
  'filters select among all tests, and a named test runs whatever its level',
  { skip },
  async () => {
    using scratch = new Scratch();
    const { file } = makeTests(scratch);
    const listed = async (...args: string[]): Promise<string[]> => {
      const ran = await run(scratch, '-l', '--tests', file, ...args);
      assert.equal(ran.code, 0, ran.stderr);
      return ran.stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.replace(/ .*/, ''));
    };
    assert.deepEqual(await listed('-p', 'own/thorough', '-p', 'precopy/unix/plain'), [
      '/x86_64/migration/precopy/unix/plain',
      '/x86_64/own/thorough',
    ]);
    assert.deepEqual(await listed('-r', 'own', '-s', 'own/slips', '-x', 'own/claims'), [
      '/x86_64/own/passes',
      '/x86_64/own/blames',
      '/x86_64/own/skipped',
    ]);
    assert.equal((await listed('--level', 'thorough')).length, 6);
    const passed = await run(scratch, '--tests', file, '-p', 'own/passes', '--repeat', '2');
    assert.equal(passed.code, 0, passed.stdout);
    assert.match(passed.stdout, /2 passed/);
  },
);

test('an invalid module ends the command before any QEMU starts', { skip }, async () => {
  using scratch = new Scratch();
  const { folder, file } = makeTests(scratch);
  writeFileSync(path.join(folder, 'zwei.mjs'), own);
  const twice = await run(scratch, '--tests', folder);
  assert.equal(twice.code, 2);
  assert.ok(
    twice.stderr.includes(`a test /own/passes already, from ${file}: default[0]`),
    twice.stderr,
  );
  writeFileSync(path.join(folder, 'zwei.mjs'), "\n\nthrow new Error('not today');\n");
  const thrown = await run(scratch, '--tests', folder);
  assert.equal(thrown.code, 2);
  assert.match(thrown.stderr, /cannot load .*zwei\.mjs: Error: not today\n.*zwei\.mjs:3:7/);
});
