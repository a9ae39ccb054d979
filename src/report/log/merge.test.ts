import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import type { DroverEvent, EventOf } from '../../model/events.js';
import { folderFor } from '../../model/scratch.fixtures.js';
import { adoptEvidence, logFacts, mergedEvents } from './merge.js';
import { planMerges } from './merge-plan.js';
import type { LogFacts, MergePlan } from './merge-plan.js';
import { eventsOfPair, notQemu, notStarted } from '../matrix/matrix.fixtures.js';
import * as fixtures from '../run.fixtures.js';

const tests = ['/x/a', '/x/b', '/x/c', '/x/d'];

/** one of two shards of four tests */
function shardRun(index: number, more: Partial<EventOf<'run-started'>> = {}): DroverEvent[] {
  const own = tests.filter((_, place) => place % 2 === index - 1);
  const events = [
    fixtures.runStarted(own, {
      testList: 'abc',
      shard: { index, total: 2, by: 'count', allTests: tests },
      ...more,
    }),
    ...own.flatMap((name) => fixtures.attempt(name, fixtures.passed, { durationMs: 100 * index })),
  ];
  return [
    ...events.map((event, place) => ({ ...event, atMs: place * 7 * index })),
    { ...fixtures.runFinished(events), sumMs: 200 * index, durationMs: 1000 * index },
  ];
}

function write(folder: string, name: string, events: readonly DroverEvent[]): string {
  const place = join(folder, name);
  mkdirSync(place, { recursive: true });
  const lines = events.map((event) => `${JSON.stringify(event)}\n`);
  writeFileSync(join(place, 'events.jsonl'), lines.join(''));
  return place;
}

async function planOf(
  first: string,
  ...others: string[]
): Promise<MergePlan & { readonly problems: readonly string[] }> {
  const rest: LogFacts[] = [];
  for (const other of others) rest.push(await logFacts(other));
  const { plans, problems } = planMerges([await logFacts(first), ...rest]);
  assert.equal(plans.length, 1);
  return { ...plans[0]!, problems };
}

async function merged(plan: MergePlan): Promise<DroverEvent[]> {
  const events: DroverEvent[] = [];
  for await (const event of mergedEvents(plan, 0)) events.push(event);
  return events;
}

test('the merged log has all results, the sum of times and the longest time', async (t) => {
  const folder = folderFor(t);
  const one = write(folder, 'one', shardRun(1));
  const two = write(folder, 'two', shardRun(2));
  const plan = await planOf(two, one);
  assert.deepEqual(plan.problems, []);
  const events = await merged(plan);
  const [start] = events;
  const end = events.at(-1);
  assert.ok(start?.type === 'run-started' && end?.type === 'run-finished');
  assert.deepEqual([start.total, start.workers, start.tests], [4, 4, tests]);
  assert.equal(start.shard, undefined);
  assert.deepEqual(
    start.merged?.runs.map(({ index, from }) => [index, from]),
    [
      [1, one],
      [2, two],
    ],
  );
  assert.deepEqual([end.counts.passed, end.sumMs, end.durationMs], [4, 600, 2000]);
  const results = events.filter((event) => event.type === 'test-finished');
  assert.deepEqual(results.map((event) => event.test).sort(), tests);
  assert.ok(
    results.every(
      (event) => event.fromShard === (event.test < '/x/b' || event.test === '/x/c' ? 1 : 2),
    ),
  );
  const times = events.slice(1, -1).map(({ atMs }) => atMs);
  assert.deepEqual(
    times,
    [...times].sort((a, b) => a - b),
  );
});

test('a shard that is missing, there twice, or of another run is named', async (t) => {
  const folder = folderFor(t);
  const one = write(folder, 'one', shardRun(1));
  const two = write(folder, 'two', shardRun(2));
  const missing = await planOf(two);
  assert.deepEqual(missing.problems, ['shard 1 of 2 is missing']);
  assert.deepEqual(missing.merged.missingShards, [1]);
  assert.deepEqual(missing.merged.missingTests, ['/x/a', '/x/c']);

  const again = write(folder, 'again', shardRun(2, { time: '2030-01-01T00:00:00.000Z' }));
  const twice = await planOf(one, two, again);
  assert.match(twice.problems.join(), /shard 2 of 2 is there twice.*uses .*again$/);

  const qemu = fixtures.runStarted([]).source;
  for (const [more, message] of [
    [{ testList: 'other' }, /of another run than .*one: another list of tests/],
    [{ source: { ...qemu, version: '7.2' } }, /another QEMU as source: 7\.2, not 10\.0\.8/],
    [{ drover: '9' }, /made by Drover 9/],
    [{ shard: { index: 2, total: 3, by: 'count', allTests: tests } }, /one of 3 shards, not of 2/],
  ] as const) {
    const foreign = write(folder, 'foreign', shardRun(2, more));
    const plan = await planOf(one, foreign);
    assert.match(plan.problems.join('\n'), message);
    assert.match(plan.problems.join('\n'), /shard 2 of 2 is missing/);
  }
});

test('two builds of one version differ in their digest, wherever they lie', async (t) => {
  const folder = folderFor(t);
  const source = { ...fixtures.runStarted([]).source, digest: 'a'.repeat(64) };
  const one = write(folder, 'one', shardRun(1, { source }));
  const elsewhere = { ...source, command: '/elsewhere/qemu-system-x86_64' };
  const two = write(folder, 'two', shardRun(2, { source: elsewhere }));
  assert.deepEqual((await planOf(one, two)).problems, []);
  const three = write(
    folder,
    'three',
    shardRun(2, { source: { ...source, digest: 'b'.repeat(64) } }),
  );
  assert.match((await planOf(one, three)).problems.join(), /another build of 10\.0\.8/);
});

test('a test in two shards, or in none, shows that they were not made from the same timings', async (t) => {
  const folder = folderFor(t);
  const one = write(folder, 'one', shardRun(1));
  const two = write(folder, 'two', shardRun(2, { tests: ['/x/a', '/x/b'] }));
  const { problems } = await planOf(one, two);
  assert.match(problems.join('\n'), /\/x\/a is both in .*one and in .*two/);
  assert.match(problems.join('\n'), /no shard has \/x\/d/);
});

test('a killed run is reported; an attempt that is in a log twice counts once', async (t) => {
  const folder = folderFor(t);
  const events = shardRun(1).slice(0, -1);
  const last = events.at(-1);
  assert.ok(last !== undefined);
  const one = write(folder, 'one', [...events, last]);
  const plan = await planOf(one, write(folder, 'two', shardRun(2)));
  assert.match(plan.problems.join(), /one ended before its run was complete/);
  const results = (await merged(plan)).filter((event) => event.type === 'test-finished');
  assert.equal(results.length, 4);
});

test('pairs of a matrix are merged one by one; pairs that are missing, or of other QEMUs, are named', async (t) => {
  const folder = folderFor(t);
  const factsOf = async (
    [source, destination]: readonly [number, number],
    run: readonly DroverEvent[],
    change = (text: string): string => text,
  ): Promise<LogFacts> => {
    const text = JSON.stringify(eventsOfPair([source, destination], run, 0));
    const events = JSON.parse(change(text)) as DroverEvent[];
    return logFacts(write(folder, `${source}-${destination}-${String(text.length)}`, events));
  };
  const pairs = [
    [0, 2],
    [2, 0],
    [1, 2],
    [2, 1],
  ] as const;
  const there: LogFacts[] = [await factsOf([1, 0], fixtures.passedRun)];
  for (const pair of pairs) there.push(await factsOf(pair, notStarted(notQemu)));
  const [first, ...others] = there;
  assert.ok(first !== undefined);
  const incomplete = planMerges([first, ...others]);
  assert.deepEqual(incomplete.problems, ['pair 7.2.22 -> 10.0.8 is missing']);
  assert.equal(incomplete.plans.length, 5);

  const foreign = await factsOf([0, 1], fixtures.passedRun, (text) =>
    text.replace('"version":"7.2.22"', '"version":"7.2.1"'),
  );
  assert.match(
    planMerges([first, foreign, ...others]).problems.join('\n'),
    /of another run than .*: another QEMU as number 1: 7\.2\.1, not 7\.2\.22[^]*7\.2\.22 -> 10\.0\.8 is missing/,
  );
  const plain = await logFacts(write(folder, 'plain', fixtures.passedRun));
  assert.match(
    planMerges([first, plain, ...others]).problems.join('\n'),
    /it is no pair of the same matrix/,
  );
  const last = await factsOf([0, 1], fixtures.mixedRun);
  const { plans, problems } = planMerges([first, last, ...others]);
  assert.deepEqual(problems, []);
  const merges = await Promise.all(plans.map(merged));
  assert.deepEqual(
    merges.map(([start]) => {
      assert.ok(start?.type === 'run-started');
      return [start.matrix?.source, start.matrix?.destination, start.workers];
    }),
    [
      [0, 1, 2],
      [0, 2, 0],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 0],
      [2, 1, 0],
    ],
  );
});

test('evidence goes along, and is found from where it is now', async (t) => {
  const folder = folderFor(t);
  const [start, ...rest] = shardRun(1);
  assert.ok(start !== undefined);
  const events = rest.map((event) =>
    event.type === 'test-finished'
      ? { ...event, directory: `/gone/${event.test.slice(3)}` }
      : event,
  );
  const one = write(folder, 'one', [start, ...events]);
  mkdirSync(join(one, 'a'));
  writeFileSync(join(one, 'a', 'source.serial'), 'AB');
  // what a migration over a pipe, or one that failed over a socket, leaves
  assert.equal(spawnSync('mkfifo', [join(one, 'a', 'pipe')]).status, 0);
  const server = createServer().listen(join(one, 'a', 'migsocket'));
  await once(server, 'listening');
  t.after(() => server.close());
  const out = join(folder, 'out');
  mkdirSync(out);
  const used = new Set<string>();
  const adopted = (await merged(await planOf(one))).map((event) => adoptEvidence(event, out, used));
  assert.equal(readFileSync(join(out, 'a', 'source.serial'), 'utf8'), 'AB');
  assert.deepEqual(readdirSync(join(out, 'a')), ['source.serial']);
  const directories = adopted.flatMap(({ event }) =>
    event.type === 'test-finished' ? [event.directory] : [],
  );
  assert.deepEqual(directories, [join(out, 'a'), undefined]);
  assert.match(
    adopted.flatMap(({ problem }) => problem ?? []).join(),
    /evidence of \/x\/c is not there/,
  );
});
