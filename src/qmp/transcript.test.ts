import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { Scratch } from '../model/scratch.fixtures.js';
import { Transcript } from './transcript.js';

const linesOf = (file: string): string[] => readFileSync(file, 'utf8').split('\n').slice(0, -1);

test('a command is in the file before it is sent; answers are there soon, and all is there at the end', async () => {
  using scratch = new Scratch();
  const file = path.join(scratch.directory, 'qmp.jsonl');
  const transcript = new Transcript(file);
  transcript.record('<', '{"QMP": {}}');
  transcript.record('>', '{"execute":"stop"}');
  assert.equal(linesOf(file).length, 2);
  transcript.record('<', '{"return": {}}');
  transcript.record('<', '{"event": "STOP"}');
  const deadline = performance.now() + 10_000;
  while (linesOf(file).length < 4 && performance.now() < deadline) await sleep(10);
  transcript.record('<', 'garbage');
  await transcript[Symbol.asyncDispose]();
  transcript.record('<', '{"event": "RESUME"}');
  const said = linesOf(file).map((line) => (JSON.parse(line) as { msg: unknown }).msg);
  assert.deepEqual(said, [
    { QMP: {} },
    { execute: 'stop' },
    { return: {} },
    { event: 'STOP' },
    'garbage',
  ]);
});

for (const [how, end] of [
  ['exits', 'process.exit(1)'],
  ['throws', "throw new Error('made up')"],
] as const) {
  test(`all is in the file when the thread ${how}`, async () => {
    using scratch = new Scratch();
    const file = path.join(scratch.directory, 'qmp.jsonl');
    const module = JSON.stringify(new URL('transcript.js', import.meta.url).href);
    const code = `import(${module}).then(({ Transcript }) => {
      new Transcript(${JSON.stringify(file)}).record('<', '{"event": "STOP"}');
      ${end};
    });`;
    const worker = new Worker(code, { eval: true });
    // `once` of node:events would reject at the error
    await new Promise((resolve) => worker.on('error', () => undefined).once('exit', resolve));
    assert.match(readFileSync(file, 'utf8'), /"STOP"/);
  });
}
