/**
 * How a run handles outcomes: retries, quarantine, --max-failures, --until-failure, --last-failed.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Parser } from 'tap-parser';
import type { FinalResults } from 'tap-parser';
import { realQemu } from '../../qemu/qemus.fixtures.js';
import { Scratch, packageRoot } from '../../model/scratch.fixtures.js';
import { drover } from '../process/drover.fixtures.js';
import type { Ran } from '../process/drover.fixtures.js';
import { madeUpTests } from './made-up-tests.fixtures.js';

const qemu = realQemu('10.0');
const skip = qemu.skip;

async function run(scratch: Scratch, ...args: string[]): Promise<Ran> {
  const tests = madeUpTests(scratch);
  const usual = ['run', '--qemu', qemu.command, '--accel', 'tcg', '--tests', tests];
  return await drover([...usual, ...args], scratch);
}

interface JsonResult {
  readonly counts: Readonly<Record<string, number>>;
  readonly flaky: readonly string[];
  readonly quarantined: readonly string[];
  readonly tests: readonly { test: string; attempt: number; willRetry?: boolean; retry?: number }[];
}

function jsonOf(file: string): JsonResult {
  return JSON.parse(readFileSync(file, 'utf8')) as JsonResult;
}

async function tapOf(text: string): Promise<FinalResults> {
  return await new Promise((resolve) => {
    new Parser({ strict: true }, resolve).end(text);
  });
}

const flakyOnly = ['-p', 'made-up/flaky', '-p', 'made-up/good'];

test('a flaky test passes, and every report marks it', { skip }, async () => {
  using scratch = new Scratch();
  const [json, junit] = ['run.json', 'run.xml'].map((name) => path.join(scratch.directory, name));
  const files = ['--json', String(json), '--junit', String(junit)];
  const ran = await run(scratch, ...flakyOnly, '--retries', '2', ...files);
  assert.equal(ran.code, 0, ran.stdout + ran.stderr);
  assert.match(ran.stdout, /^retry +\/x86_64\/made-up\/flaky/m);
  assert.match(ran.stdout, /^flaky +\/x86_64\/made-up\/flaky \(attempt 2\)/m);
  assert.match(ran.stdout, /^2 passed, 1 of them flaky in/m);
  const result = jsonOf(String(json));
  assert.deepEqual(result.flaky, ['/x86_64/made-up/flaky']);
  assert.deepEqual([result.counts['passed'], result.counts['failed']], [2, 0]);
  assert.equal(result.tests.length, 3);
  const xml = readFileSync(String(junit), 'utf8');
  assert.match(xml, /name="flaky" value="\/x86_64\/made-up\/flaky"/);
  assert.match(xml, /<flakyFailure message="[^"]*the first time it fails/);
  assert.equal([...xml.matchAll(/<testcase /g)].length, 2);
});

test('TAP has one point for a flaky test', { skip }, async () => {
  using scratch = new Scratch();
  const ran = await run(scratch, ...flakyOnly, '--retries', '1', '--tap');
  const tap = await tapOf(ran.stdout);
  assert.ok(tap.ok, ran.stdout);
  assert.equal(tap.count, 2);
  assert.match(ran.stdout, /^# flaky: \/x86_64\/made-up\/flaky, attempt 2$/m);
});

test(
  'JUnit and TAP name a test alike, whichever attempt decides: its history by name is one',
  { skip },
  async () => {
    using scratch = new Scratch();
    const cases = path.join(packageRoot, 'src', 'memory', 'fixtures', 'cases', 'retry-names.mjs');
    const junit = path.join(scratch.directory, 'run.xml');
    const usual = ['run', '--qemu', qemu.command, '--accel', 'tcg', '--tests', cases];
    const ran = await drover([...usual, '--retries', '1', '--tap', '--junit', junit], scratch);
    assert.equal(ran.code, 1, ran.stdout + ran.stderr);
    const names = new Set(['bad', 'flaky', 'good'].map((name) => `/x86_64/case/${name}`));
    const xml = readFileSync(junit, 'utf8');
    const cased = [...xml.matchAll(/<testcase\b[^>]*? name="([^"]*)"/g)].map(([, name]) => name);
    assert.deepEqual([cased.length, new Set(cased)], [3, names]);
    assert.match(xml, /name="\/x86_64\/case\/flaky"[^>]*>\s*<flakyFailure /);
    const points = [...ran.stdout.matchAll(/^(?:not )?ok \d+ - (.*)$/gm)].map(([, name]) => name);
    assert.deepEqual([points.length, new Set(points)], [3, names]);
  },
);

test(
  '--flaky-fails makes it a failure of the run; without retries it is one anyway',
  { skip },
  async () => {
    for (const more of [['--retries', '1', '--flaky-fails'], []]) {
      using scratch = new Scratch();
      assert.equal((await run(scratch, ...flakyOnly, ...more)).code, 1);
    }
  },
);

function quarantineFile(scratch: Scratch, expires: string, name = 'made-up/bad'): string {
  const file = path.join(scratch.directory, 'quarantine.json');
  const entry = { test: `/${name}`, owner: 'ann', reason: 'ticket 17', expires };
  writeFileSync(file, JSON.stringify({ version: 1, tests: [entry] }));
  return file;
}

test('a failure in quarantine is reported, and fails nothing', { skip }, async () => {
  using scratch = new Scratch();
  const json = path.join(scratch.directory, 'run.json');
  const junit = path.join(scratch.directory, 'run.xml');
  const args = ['-p', 'made-up/bad', '-p', 'made-up/good', '--tap'];
  const file = quarantineFile(scratch, '2999-12-31');
  const ran = await run(scratch, ...args, '--quarantine', file, '--json', json, '--junit', junit);
  assert.equal(ran.code, 0, ran.stdout + ran.stderr);
  const tap = await tapOf(ran.stdout);
  assert.deepEqual([tap.ok, tap.count, tap.todo], [true, 2, 1]);
  assert.match(ran.stdout, /# TODO quarantined until 2999-12-31, ann: ticket 17/);
  assert.deepEqual(jsonOf(json).quarantined, ['/x86_64/made-up/bad']);
  assert.match(readFileSync(junit, 'utf8'), /<skipped message="quarantined until 2999-12-31, ann/);
});

test('an expired quarantine, or one that names no test, is wrong usage', { skip }, async () => {
  using scratch = new Scratch();
  const over = await run(scratch, '--quarantine', quarantineFile(scratch, '2020-02-29'));
  assert.equal(over.code, 2);
  assert.match(over.stderr, /1 of 1 entry expired[^]*bad: until 2020-02-29, ann: ticket 17/);
  const never = await run(scratch, '--quarantine', quarantineFile(scratch, '2999-02-31'));
  assert.match(never.stderr, /expires: expected a day that exists/);
  const unknown = quarantineFile(scratch, '2999-12-31', 'made-up/unknown');
  const ran = await run(scratch, '--quarantine', unknown);
  assert.equal(ran.code, 2);
  assert.match(ran.stderr, /there is no test '\/made-up\/unknown'/);
});

test('after enough failures no more tests are started', { skip }, async () => {
  using scratch = new Scratch();
  const ran = await run(scratch, '-j', '1', '--max-failures', '1', '--repeat', '3');
  assert.equal(ran.code, 1);
  assert.match(
    ran.stdout,
    /^1 failed, 11 tests not run \(stopped by --max-failures\) in/m,
    ran.stdout,
  );
});

test('--until-failure repeats until one does not pass', { skip }, async () => {
  using scratch = new Scratch();
  const ran = await run(
    scratch,
    '-j',
    '1',
    ...flakyOnly,
    '-p',
    'made-up/bad',
    '--until-failure',
    '--tap',
  );
  assert.equal(ran.code, 1);
  const tap = await tapOf(ran.stdout);
  assert.equal(tap.fail, 1, ran.stdout);
});

test('--last-failed runs what did not pass, and nothing where all passed', { skip }, async () => {
  using scratch = new Scratch();
  const out = path.join(scratch.directory, 'out');
  const first = await run(scratch, '--out', out);
  assert.match(first.stdout, /^2 failed, 2 passed in/m);
  const again = await run(scratch, '--last-failed', out, '--out', out);
  assert.equal(again.code, 1);
  assert.match(again.stdout, /^FAIL +\/x86_64\/made-up\/bad/m);
  assert.match(again.stdout, /^1 failed, 1 passed in/m);
  const other = await drover(['run', '--qemu', qemu.command, '--last-failed', out], scratch);
  assert.equal(other.code, 2, other.stdout);
  assert.match(other.stderr, /1 of the tests that did not pass [^]*made-up\/bad/);
  const good = await run(scratch, '-p', 'made-up/good', '--out', out);
  assert.equal(good.code, 0);
  const none = await run(scratch, '--last-failed', out);
  assert.equal(none.code, 0);
  assert.match(none.stdout, /^no tests in/m);
  assert.match(none.stderr, /every test of '.*' passed or was skipped: nothing to repeat/);
});
