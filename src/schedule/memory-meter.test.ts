import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { realpathSync } from 'node:fs';
import { test } from 'node:test';
import { memoryOfDescendants } from '../qemu/memory-use.js';
import { folderFor } from '../model/scratch.fixtures.js';
import { MemoryMeter } from './memory-meter.js';

test('a child and its child are found, with the folder that they run in', async (t) => {
  const folder = realpathSync(folderFor(t));
  const script = "require('node:child_process').spawnSync('cat', { stdio: 'inherit' })";
  const child = spawn(process.execPath, ['-e', script], { cwd: folder });
  const ended = once(child, 'close');
  t.after(async () => {
    child.stdin.end();
    await ended;
  });
  // an echo: both are there
  child.stdin.write('x');
  await once(child.stdout, 'data');
  const found = (await memoryOfDescendants()).filter(({ cwd }) => cwd === folder);
  assert.equal(found.length, 2);
  const [own] = found;
  assert.ok(own !== undefined);
  assert.equal(own.pid, child.pid);
  assert.ok(own.bytes > 1024 ** 2);
});

test('the most that was used at once, by each folder and by all', async () => {
  const looks = [
    [
      { pid: 1, cwd: '/a', bytes: 10 },
      { pid: 2, cwd: '/a', bytes: 5 },
      { pid: 3, cwd: '/b', bytes: 1 },
    ],
    [
      { pid: 1, cwd: '/a', bytes: 12 },
      { pid: 3, cwd: '/b', bytes: 2 },
      { pid: 4, cwd: '/nobody', bytes: 99 },
    ],
  ];
  using meter = new MemoryMeter(() => Promise.resolve(looks.shift() ?? []));
  const [a, b] = [meter.watch('/a'), meter.watch('/b')];
  await meter.sample();
  await meter.sample();
  assert.deepEqual([meter.highBytes, a(), b()], [16, 15, 2]);
});
