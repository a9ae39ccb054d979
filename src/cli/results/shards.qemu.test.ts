/**
 * Shards and their merge through the whole command line: no result is lost or counted twice, and a
 * missing shard is an error.
 */
import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { DroverEvent } from '../../model/events.js';
import { realQemu } from '../../qemu/qemus.fixtures.js';
import { Scratch } from '../../model/scratch.fixtures.js';
import { eventFaults } from '../../report/log/events-schema.fixtures.js';
import { drover } from '../process/drover.fixtures.js';
import { madeUpTests } from '../run/made-up-tests.fixtures.js';

const qemu = realQemu('10.0');
const skip = qemu.skip;

/** All as the published schema has them. */
function eventsOf(folder: string): DroverEvent[] {
  const lines = readFileSync(path.join(folder, 'events.jsonl'), 'utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const event = JSON.parse(line) as DroverEvent;
    assert.deepEqual(eventFaults(event), [], line);
    return event;
  });
}

/** test and outcome of each attempt, in order of names */
function resultsOf(folder: string): string[] {
  return eventsOf(folder)
    .flatMap((event) =>
      event.type === 'test-finished'
        ? [`${event.test} ${event.attempt} ${event.outcome.kind}`]
        : [],
    )
    .sort();
}

test(
  'shards, merged, are the whole run; why and rerun work from what is kept; what is missing is an error',
  { skip },
  async (t) => {
    using scratch = new Scratch();
    const at = (name: string): string => path.join(scratch.directory, name);
    const tests = madeUpTests(scratch);
    const usual = ['run', '--qemu', qemu.command, '--accel', 'tcg', '--tests', tests];
    const narrow = ['-s', 'made-up/flaky'];
    const timings = at('timings.json');
    const whole = await drover(
      [...usual, ...narrow, '--out', at('whole'), '--timings', timings],
      scratch,
    );
    assert.equal(whole.code, 1, whole.stdout + whole.stderr);
    const before = readFileSync(timings, 'utf8');
    assert.match(before, /made-up\/good/);

    const split = [...usual, ...narrow, '--timings', timings];
    const one = await drover([...split, '--shard', '1/2', '--out', at('one')], scratch);
    const asBazel = {
      TEST_SHARD_INDEX: '1',
      TEST_TOTAL_SHARDS: '2',
      TEST_SHARD_STATUS_FILE: at('status'),
    };
    const two = await drover([...split, '--out', at('two')], scratch, asBazel);
    assert.deepEqual(
      [one.code, two.code].sort((a, b) => Number(a) - Number(b)),
      [0, 1],
      one.stdout + two.stdout,
    );
    assert.ok(existsSync(at('status')), 'Bazel sees that Drover supports shards');
    assert.equal(
      readFileSync(timings, 'utf8'),
      before,
      'a shard does not change what the others read',
    );
    assert.ok(existsSync(path.join(at('one'), 'timings.json')));

    // as if it had come from another machine
    cpSync(at('two'), at('elsewhere'), { recursive: true });
    rmSync(at('two'), { recursive: true });
    const json = at('merged.json');
    const merge = await drover(
      ['merge', at('elsewhere'), at('one'), '-o', at('merged'), '--json', json],
      scratch,
    );
    assert.equal(merge.code, 1, merge.stdout + merge.stderr);
    assert.match(merge.stdout, /^1 failed, 2 passed in .* 2 runs side by side; sum of all tests/m);
    assert.deepEqual(resultsOf(at('merged')), resultsOf(at('whole')));
    assert.match(readFileSync(json, 'utf8'), /"missingShards": \[\]/);
    assert.match(readFileSync(path.join(at('merged'), 'timings.json'), 'utf8'), /made-up\/other/);

    const failed = eventsOf(at('merged')).find(
      (event) => event.type === 'test-finished' && event.outcome.kind === 'failed',
    );
    assert.ok(failed?.type === 'test-finished');
    assert.equal(failed.directory, 'made-up-bad-1', 'relative, so that the folder can be moved');
    const kept = path.join(at('merged'), 'made-up-bad-1');
    const why = await drover(['why', kept], scratch);
    assert.equal(why.code, 0, why.stderr);
    assert.match(why.stdout, /^failed: \/x86_64\/made-up\/bad \(attempt 1\)/m);
    assert.match(why.stdout, /assertion: it always fails/);
    const rerun = await drover(['rerun', kept, '--out', at('again')], scratch);
    assert.equal(rerun.code, 1, rerun.stderr);
    assert.deepEqual(resultsOf(at('again')), ['/x86_64/made-up/bad 1 failed']);

    const missing = await drover(['merge', at('one'), '-o', at('part')], scratch);
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /shard 2 of 2 is missing[^]*merged nothing/);
    assert.ok(!existsSync(at('part')));
    const allowed = await drover(
      ['merge', at('one'), '-o', at('part'), '--allow-missing'],
      scratch,
    );
    assert.match(allowed.stdout, /^missing: shard 2 of 2$/m);
    assert.equal(allowed.code, one.code);
    const foreign = await drover(['merge', at('one'), at('again'), '-o', at('part')], scratch);
    assert.equal(foreign.code, 1);
    assert.match(foreign.stderr, /again is of another run than/);
    const log = path.join(at('one'), 'events.jsonl');
    const itself = await drover(['merge', log, '-o', at('one'), '--allow-missing'], scratch);
    assert.equal(itself.code, 2);
    assert.match(itself.stderr, /one of the shards to merge/);
    t.diagnostic(readdirSync(at('merged')).join(' '));
  },
);

test('impossible shards are wrong usage', { skip }, async () => {
  using scratch = new Scratch();
  const run = ['run', '--qemu', qemu.command, '--accel', 'tcg', '-l'];
  for (const [args, env, message] of [
    [['--shard', '3/2'], {}, /expected INDEX\/TOTAL/],
    [
      [],
      { CI_NODE_INDEX: '0', CI_NODE_TOTAL: '3' },
      /CI_NODE_INDEX and CI_NODE_TOTAL are '0' and '3'/,
    ],
    [[], { TEST_TOTAL_SHARDS: '3' }, /TEST_SHARD_INDEX and TEST_TOTAL_SHARDS are '' and '3'/],
  ] as const) {
    const ran = await drover([...run, ...args], scratch, env);
    assert.equal(ran.code, 2, ran.stdout);
    assert.match(ran.stderr, message);
  }
  writeFileSync(path.join(scratch.directory, 'no.json'), '{"version": 7}');
  const ran = await drover([...run, '--timings', path.join(scratch.directory, 'no.json')], scratch);
  assert.equal(ran.code, 2);
  assert.match(ran.stderr, /is not a file of timings/);
});
