import assert from 'node:assert/strict';
import { readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { EventLog } from './event-log.js';
import { folderFor } from '../../model/scratch.fixtures.js';
import { problemLine, Reporters } from '../reporter.js';
import * as fixtures from '../run.fixtures.js';

function noSpace(): Error {
  return Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
}

test('the event log gives back the events, and has each before the next one comes', async (t) => {
  const path = join(folderFor(t), 'events.jsonl');
  const log = new EventLog({ path, replace: false });
  const read = (): unknown[] =>
    readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as unknown);
  for (const [index, event] of fixtures.mixedRun.entries()) {
    log.onEvent(event);
    assert.equal(read().length, index + 1);
  }
  await log.close();
  await log.close();
  assert.deepEqual(read(), fixtures.mixedRun);
});

test('an earlier record is kept unless it may go', async (t) => {
  const path = join(folderFor(t), 'events.jsonl');
  writeFileSync(path, 'precious');
  assert.throws(() => new EventLog({ path, replace: false }), /cannot open the event log .*EEXIST/);
  assert.equal(readFileSync(path, 'utf8'), 'precious');
  await new EventLog({ path, replace: true }).close();
  assert.equal(readFileSync(path, 'utf8'), '');
});

test('a full disk leaves complete lines, one error, and no line after a gap', async (t) => {
  const path = join(folderFor(t), 'events.jsonl');
  let left = 700;
  const log = new EventLog({ path, replace: false }, (fd, bytes, offset) => {
    if (left === 0) {
      left = 10_000;
      throw noSpace();
    }
    const written = writeSync(fd, bytes, offset, Math.min(left, bytes.length - offset));
    left -= written;
    return written;
  });
  const reporters = new Reporters([log]);
  for (const event of fixtures.mixedRun) reporters.onEvent(event);
  const problems = await reporters.close();
  assert.equal(problems.length, 1);
  assert.equal(problems[0]?.further, 0);
  assert.match(
    problems.map(problemLine).join(),
    /the event log report is incomplete: cannot write .*ENOSPC/,
  );
  const text = readFileSync(path, 'utf8');
  assert(text.endsWith('\n'));
  const lines = text.trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line) as unknown),
    fixtures.mixedRun.slice(0, lines.length),
  );
  assert(lines.length < fixtures.mixedRun.length);
});
