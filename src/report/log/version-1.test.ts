/**
 * Logs that an earlier Drover wrote: a clean run, one with damage, a stress run, and two shards.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../model/scratch.fixtures.js';
import type { DroverEvent, EventOf } from '../../model/events.js';
import { paintWith } from '../console/colors.js';
import { logFacts, mergedEvents } from './merge.js';
import { planMerges } from './merge-plan.js';
import { eventLogPath, readEventLog } from './read-log.js';
import { eventFaults } from './events-schema.fixtures.js';
import { eventFrom1 } from './version-1.js';
import { whyLines } from './why.js';

const folder = (name: string): string =>
  path.join(packageRoot, 'src', 'report', 'log', 'fixtures', name);

async function read(name: string): Promise<{ events: DroverEvent[]; notes: string[] }> {
  const events: DroverEvent[] = [];
  const notes: string[] = [];
  const log = await eventLogPath(folder(name));
  for await (const event of readEventLog(log, (text) => notes.push(text))) events.push(event);
  return { events, notes };
}

const finished = (events: readonly DroverEvent[]): EventOf<'test-finished'>[] =>
  events.filter((event) => event.type === 'test-finished');

for (const [name, attempts] of [
  ['clean', 18],
  ['damage', 12],
  ['stress', 3],
  ['shard1', 9],
  ['shard2', 9],
] as const) {
  test(`${name}: every event becomes one of version 2, and that is said once`, async () => {
    const { events, notes } = await read(name);
    assert.equal(notes.length, 1);
    assert.match(
      notes[0] ?? '',
      /events\.jsonl has schema version 1; converted to 2 while reading$/,
    );
    assert.equal(finished(events).length, attempts);
    for (const event of events)
      assert.deepEqual(eventFaults(JSON.parse(JSON.stringify(event))), []);
  });
}

test('a transport is no longer called a scheme', () => {
  const converted = eventFrom1({
    type: 'run-started',
    schema: 1,
    offered: ['scheme unix', 'capability multifd'],
  });
  assert.deepEqual(converted['offered'], ['transport unix', 'capability multifd']);
});

test('a damaged page keeps its place, and gets its kind', async () => {
  const { events } = await read('damage');
  const outcome = finished(events).find((event) => event.outcome.kind === 'failed')?.outcome;
  assert.ok(outcome?.kind === 'failed' && outcome.verdict !== undefined);
  const { slices, ...rest } = outcome.verdict;
  const [slice] = slices;
  assert.deepEqual([rest.stamp, rest.hole, rest.damagedPages], ['byte', null, 1]);
  assert.deepEqual(slice?.damage, [
    {
      ...{ start: 0x500000, end: 0x501000, pages: 1, kind: 'ahead', by: 100 },
      ...{ expected: 230, found: 74, from: null, byteOffset: null },
    },
  ]);
  assert.deepEqual([slice.generation, slice.edge, slice.beingWritten], [230, 0xa60000, null]);
  assert.match(slice.upstreamLines[0] ?? '', /^Memory content inconsistency at 500000/);
});

test('shards are merged', async () => {
  const facts = await Promise.all(['shard1', 'shard2'].map((name) => logFacts(folder(name))));
  const [first, ...others] = facts;
  assert.ok(first !== undefined);
  const { plans, problems } = planMerges([first, ...others]);
  assert.deepEqual(problems, []);
  const events: DroverEvent[] = [];
  for await (const event of mergedEvents(plans[0]!, 0)) events.push(event);
  assert.equal(events[0]?.type === 'run-started' && events[0].schema, 2);
  assert.equal(finished(events).length, 18);
});

test('why explains a test that was kept', () => {
  const notes: string[] = [];
  const place = folder('damage/migration-precopy-unix-plain-5');
  const lines = whyLines(place, paintWith(false), (text) => notes.push(text)).join('\n');
  assert.match(notes.join(), /test\.json has version 1; converted to 2 while reading$/);
  assert.match(lines, /0x500000 to 0x501000: 1 page, ahead by 100, expected 230, found 74/);
});
