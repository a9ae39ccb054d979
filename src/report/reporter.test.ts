import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { EventLog } from './log/event-log.js';
import { folderFor } from '../model/scratch.fixtures.js';
import { FileReporter } from './file-reporter.js';
import { RunRecord } from './fold/summary.js';
import { jsonPieces } from './formats/json-document.js';
import { junitXml } from './formats/junit-xml.js';
import { openReporters } from './open-reporters.js';
import { problemLine, Reporters } from './reporter.js';
import type { Reporter } from './reporter.js';
import * as fixtures from './run.fixtures.js';
import { Paper } from './console/scripted.fixtures.js';

class Scripted implements Reporter {
  events = 0;
  closed = false;
  constructor(
    readonly name: string,
    readonly onEvery: () => void = () => undefined,
    readonly onClose: () => Promise<void> = () => Promise.resolve(),
  ) {}
  onEvent(): void {
    this.events += 1;
    this.onEvery();
  }
  close(): Promise<void> {
    this.closed = true;
    return this.onClose();
  }
}

test('one reporter’s failure reaches neither the run nor the others', async () => {
  const throwing = new Scripted('first', () => {
    throw new Error('bad event');
  });
  const rejecting = new Scripted('second', undefined, () =>
    Promise.reject(new Error('ENOSPC: no space left on device')),
  );
  const good = new Scripted('third');
  const reporters = new Reporters([throwing, rejecting, good]);
  for (const event of fixtures.passedRun) reporters.onEvent(event);
  const problems = await reporters.close();
  assert.equal(good.events, fixtures.passedRun.length);
  assert([throwing, rejecting, good].every(({ closed }) => closed));
  assert.deepEqual(problems.map(problemLine), [
    `the first report is incomplete: bad event (and ${String(fixtures.passedRun.length - 1)} more)`,
    'the second report is incomplete: ENOSPC: no space left on device',
  ]);
});

test('a reporter that never closes is given up on', async () => {
  const hanging = new Scripted('slow', undefined, () => new Promise(() => undefined));
  const problems = await new Reporters([hanging], { timeoutMs: 20 }).close();
  assert.equal(problems[0]?.failure.code, 'deadline');
  assert.match(problems.map(problemLine).join(), /no end of the slow report within 20 ms/);
});

test('all reports of one run are opened and written together', async (t) => {
  const folder = folderFor(t);
  const [junitPath, jsonPath, path] = ['j.xml', 'r.json', 'e.jsonl'].map((name) =>
    join(folder, name),
  );
  assert(junitPath && jsonPath && path);
  const stdout = new Paper();
  const choices = { stdout, color: false, live: false, now: () => 0, tap: true };
  const eventLog = { path, replace: false };
  const reporters = await openReporters({
    ...choices,
    paths: { junit: junitPath, json: jsonPath },
    eventLog,
  });
  for (const event of fixtures.mixedRun) reporters.onEvent(event);
  assert.deepEqual(await reporters.close(), []);
  assert.deepEqual(readdirSync(folder).sort(), ['e.jsonl', 'j.xml', 'r.json']);
  assert.match(stdout.text, /^TAP version 14/);
  await assert.rejects(
    openReporters({ ...choices, paths: { junit: folder } }),
    /it is a directory/,
  );
});

test('a JUnit file that cannot be written is a problem of the run, and the console is untouched', async () => {
  const stdout = new Paper();
  const reporters = await openReporters({
    stdout,
    color: false,
    live: false,
    now: () => 0,
    tap: false,
    paths: { junit: '/dev/full' },
  });
  for (const event of fixtures.passedRun) reporters.onEvent(event);
  const problems = await reporters.close();
  assert.match(
    problems.map(problemLine).join(),
    /the JUnit report is incomplete: cannot write \/dev\/full: ENOSPC/,
  );
  assert.match(stdout.text, /2 passed in/);
});

test('ten thousand attempts are read and written', async (t) => {
  const folder = folderFor(t);
  const reporters = new Reporters([
    new FileReporter('JUnit', join(folder, 'j.xml'), new RunRecord(), (record) => [
      junitXml(record),
    ]),
    new FileReporter('JSON', join(folder, 'r.json'), new RunRecord(), jsonPieces),
    new EventLog({ path: join(folder, 'e.jsonl'), replace: false }),
  ]);
  const events = fixtures.repeatedRun(5000);
  const startMs = performance.now();
  for (const event of events) reporters.onEvent(event);
  const eventsMs = performance.now() - startMs;
  assert.deepEqual(await reporters.close(), []);
  const totalMs = performance.now() - startMs;
  t.diagnostic(
    `${String(events.length)} events ${eventsMs.toFixed(0)} ms, all ${totalMs.toFixed(0)} ms`,
  );
  const { tests } = JSON.parse(readFileSync(join(folder, 'r.json'), 'utf8')) as {
    tests: unknown[];
  };
  assert.equal(tests.length, 10_000);
});
