import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { DroverEvent } from '../../model/events.js';
import { folderFor } from '../../model/scratch.fixtures.js';
import { eventLogPath, readEventLog } from './read-log.js';
import * as fixtures from '../run.fixtures.js';

const text = (events: readonly DroverEvent[]): string =>
  events.map((event) => `${JSON.stringify(event)}\n`).join('');

async function read(path: string): Promise<DroverEvent[]> {
  const events: DroverEvent[] = [];
  for await (const event of readEventLog(path)) events.push(event);
  return events;
}

test('a log is read as it was written, from its folder or by its name', async (t) => {
  const folder = folderFor(t);
  const file = join(folder, 'events.jsonl');
  writeFileSync(file, text(fixtures.mixedRun));
  assert.equal(await eventLogPath(folder), file);
  assert.equal(await eventLogPath(file), file);
  assert.deepEqual(await read(file), fixtures.mixedRun);
});

test('the incomplete last line of a killed run is left out, with or without complete lines after it', async (t) => {
  const file = join(folderFor(t), 'events.jsonl');
  const whole = text(fixtures.passedRun);
  writeFileSync(file, `${whole}{"type":"warn`);
  assert.deepEqual(await read(file), fixtures.passedRun);
  writeFileSync(file, whole.trimEnd());
  assert.deepEqual(await read(file), fixtures.passedRun);
});

test('a file that is no log is refused, with the line', async (t) => {
  const file = join(folderFor(t), 'events.jsonl');
  const [start = '', ...rest] = text(fixtures.passedRun).split(/(?<=\n)/);
  for (const [content, message] of [
    ['', /is empty/],
    ['{"torn', /events.jsonl:1 is not JSON: \{"torn/],
    [`${start}no json\n${rest.join('')}`, /events.jsonl:2 is not JSON: no json/],
    [`${start}[1]\n${rest.join('')}`, /events.jsonl:2 is not an event/],
    [
      `${start}{"type":"test-finished","atMs":1,"test":"/a"}\n{}\n`,
      /:2 is not a complete event: it has no attempt/,
    ],
    [start.replace('"host":{', '"host":0,"was":{'), /:1 is not a complete event: it has no host/],
    [rest.join(''), /does not begin with run-started, but with test-started/],
    [start.replace('"schema":2', '"schema":99'), /version 99, this version of Drover reads 1 to 2/],
  ] as const) {
    writeFileSync(file, content);
    await assert.rejects(read(file), message);
  }
  await assert.rejects(eventLogPath(join(file, 'nowhere')), /cannot read the event log/);
  await assert.rejects(read(join(file, '..', 'nowhere')), /cannot read the event log/);
});
