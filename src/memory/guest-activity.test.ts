import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { spawn } from 'node:child_process';
import { Scratch } from '../model/scratch.fixtures.js';
import { guestActivity } from './guest-activity.js';

interface Thread {
  readonly state?: string;
  readonly busyNs?: number;
  readonly syscall?: string;
}

function writeThread(
  root: string,
  id: number,
  { state = 'S', busyNs = 1, syscall = '202 0x1 0x80' }: Thread,
): void {
  const folder = path.join(root, '7', 'task', String(id));
  mkdirSync(folder, { recursive: true });
  const fields = `${state} ${'0 '.repeat(50)}`;
  writeFileSync(path.join(folder, 'stat'), `${id} (CPU (0)/KVM) ${fields}\n`);
  writeFileSync(path.join(folder, 'schedstat'), `${busyNs} 0 1\n`);
  writeFileSync(path.join(folder, 'syscall'), `${syscall}\n`);
}

/** `threads` before and after, by their id; 7 is the process's first */
async function activity(
  before: Readonly<Record<number, Thread>>,
  after: Readonly<Record<number, Thread>> = before,
): Promise<{ kind: string; why: string }> {
  using scratch = new Scratch();
  const write = (threads: Readonly<Record<number, Thread>>): void => {
    for (const [id, thread] of Object.entries(threads))
      writeThread(scratch.directory, Number(id), thread);
  };
  write(before);
  const answer = guestActivity(7, { root: scratch.directory, windowMs: 50 });
  write(after);
  return await answer;
}

test('threads that sleep are a stopped guest', async () => {
  assert.equal((await activity({ 7: {}, 8: {} })).kind, 'stopped');
});

test('the first thread may work: it serves monitors', async () => {
  const found = await activity({ 7: {}, 8: {} }, { 7: { busyNs: 40e6 }, 8: {} });
  assert.equal(found.kind, 'stopped');
});

test('a processor inside its guest is a running guest, though it sleeps there', async () => {
  const found = await activity({ 7: {}, 8: { syscall: '16 0xf 0xae80 0x0' } });
  assert.deepEqual(
    [found.kind, found.why],
    ['running', 'thread 8 (CPU (0)/KVM) is inside the guest'],
  );
});

test('a thread that uses the processor is a running guest', async () => {
  const found = await activity({ 7: {}, 8: {} }, { 7: {}, 8: { busyNs: 30e6 } });
  assert.match(`${found.kind}: ${found.why}`, /^running: thread 8 .* used 30 ms/);
});

test('a process that is stopped as a whole is not watched', async () => {
  const found = await activity({ 7: { state: 'T' }, 8: { state: 'T', syscall: '16 0xf 0xae80' } });
  assert.deepEqual(found, { kind: 'stopped', why: 'the whole process is stopped' });
});

test('real processes are classified by what they do', async () => {
  const body = 'new (require("node:worker_threads").Worker)("for(;;);", {eval: true})';
  const busy = spawn(process.execPath, ['-e', body], { stdio: 'ignore' });
  const idle = spawn('sleep', ['60'], { stdio: 'ignore' });
  try {
    const deadline = Date.now() + 20_000;
    let found = await guestActivity(busy.pid!);
    while (found.kind !== 'running' && Date.now() < deadline)
      found = await guestActivity(busy.pid!);
    assert.equal(found.kind, 'running');
    assert.equal((await guestActivity(idle.pid!)).kind, 'stopped');
  } finally {
    busy.kill('SIGKILL');
    idle.kill('SIGKILL');
  }
});
