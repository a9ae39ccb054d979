/**
 * The addon in many threads, in threads that are ended under it, and in a process that ends under
 * it.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, ftruncateSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { folderFor } from '../model/scratch.fixtures.js';

const addonUrl = JSON.stringify(new URL('./addon.js', import.meta.url).href);

/** A sparse file that takes seconds to scan and no room. */
function hugeFile(context: TestContext): string {
  const path = join(folderFor(context), 'ram');
  const file = openSync(path, 'w');
  ftruncateSync(file, 2 ** 36);
  closeSync(file);
  return path;
}

/** Starts a long scan and a long watch, says so through `tell`, and never ends by itself. */
function busyScript(path: string, tell: string): string {
  return `import(${addonUrl}).then(({ loadAddon }) => {
    const ram = loadAddon().openSharedRam(${JSON.stringify(path)}, [{ address: 0, size: 2 ** 36, offset: 0 }], true);
    ram.check({ start: 0, end: 2 ** 36, step: 4096, damageLimit: 1, threads: 2 });
    ram.watch({ address: 0, width: 1, until: 'equals', value: 1n, timeoutMs: 1e6 });
    ${tell};
  })`;
}

const checkScript = `import(${addonUrl}).then(async ({ loadAddon }) => {
  const stamps = new Uint8Array(100000).fill(6).fill(7, 0, 30000);
  const edges = [];
  for (let round = 0; round < 20; round++) {
    const request = { start: 0, end: 100000, step: 1, damageLimit: 9 };
    edges.push((await loadAddon().checkStamps(stamps, request).promise).edge);
  }
  require('node:worker_threads').parentPort.postMessage(edges);
})`;

test('eight threads check memory at the same time', async () => {
  const workers = Array.from({ length: 8 }, () => new Worker(checkScript, { eval: true }));
  const answers = await Promise.all(
    workers.map(async (worker) => {
      const exit = once(worker, 'exit'); // may come in the same turn as the message
      const [edges] = (await once(worker, 'message')) as [number[]];
      await exit;
      return edges;
    }),
  );
  for (const edges of answers) assert.deepEqual(edges, new Array(20).fill(30000));
});

test('threads that are ended during a scan and a watch take nothing else down', async (context) => {
  const path = hugeFile(context);
  const script = busyScript(path, `require('node:worker_threads').parentPort.postMessage('busy')`);
  for (let round = 0; round < 10; round++) {
    const worker = new Worker(script, { eval: true });
    await once(worker, 'message');
    await sleep(round % 3);
    assert.equal(await worker.terminate(), 1);
  }
});

test('a process that exits during a scan and a watch exits at once and with its own code', async (context) => {
  const script = busyScript(hugeFile(context), `setTimeout(() => process.exit(42), 20)`);
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'ignore', 'inherit'] });
  const startedMs = performance.now();
  assert.deepEqual(await once(child, 'exit'), [42, null]);
  assert.ok(performance.now() - startedMs < 5000);
});
