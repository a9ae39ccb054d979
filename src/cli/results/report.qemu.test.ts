/** The reports of a run of real QEMUs: what they show of both sides is there. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { DroverEvent } from '../../model/events.js';
import { realQemu } from '../../qemu/qemus.fixtures.js';
import { Scratch } from '../../model/scratch.fixtures.js';
import type { PageDetail } from '../../report/html/payload.js';
import { drover } from '../process/drover.fixtures.js';

const { command, skip } = realQemu('11.1');

test(
  'a timeline of both sides and both transcripts reach the event log, the HTML file and the trace',
  { skip },
  async () => {
    using scratch = new Scratch();
    const [out, html, trace] = ['out', 'out/report.html', 'trace.json'].map((name) =>
      path.join(scratch.directory, name),
    ) as [string, string, string];
    const files = ['--out', out, '--html', html, '--trace', trace];
    const wish = ['-p', 'precopy/unix/plain', '--qemu', command, '--accel', 'tcg', '--keep'];
    const ran = await drover(['run', ...wish, ...files], scratch);
    assert.equal(ran.code, 0, ran.stdout + ran.stderr);

    const events = readFileSync(path.join(out, 'events.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as DroverEvent);
    const finished = events.find((event) => event.type === 'test-finished')!;
    const { machines, events: seen } = finished.timeline!;
    assert.deepEqual(
      machines.map(({ name }) => name),
      ['source', 'destination'],
    );
    for (const machine of [0, 1]) {
      const statuses = seen
        .filter((event) => event.machine === machine && event.name === 'MIGRATION')
        .map(({ value }) => value);
      assert.ok(statuses.includes('active') && statuses.at(-1) === 'completed', String(statuses));
    }
    assert.ok(seen.some(({ name }) => name === 'MIGRATION_PASS'));
    assert.deepEqual(
      [...seen].sort((a, b) => a.ms - b.ms),
      seen,
    );

    const [, line = ''] = /id="details">(.*)\n/.exec(readFileSync(html, 'utf8')) ?? [];
    const { transcripts, files: kept } = (JSON.parse(line) as PageDetail).evidence!;
    assert.deepEqual(transcripts.map(({ machine }) => machine).sort(), ['destination', 'source']);
    for (const { messages } of transcripts) assert.ok(messages.length > 10);
    assert.ok(kept.some(({ name, text }) => name === 'source.cmdline' && text?.includes(command)));

    const { traceEvents } = JSON.parse(readFileSync(trace, 'utf8')) as {
      traceEvents: { ph: string; name?: string }[];
    };
    const slices = traceEvents.filter(({ ph }) => ph === 'B').map(({ name }) => name);
    for (const name of ['QEMU source', 'QEMU destination', 'active', 'migrate', 'iteration 2']) {
      assert.ok(slices.includes(name), name);
    }
  },
);
