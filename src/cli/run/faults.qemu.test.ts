/**
 * Faults during a run: each gives the right outcome to the test that it hits, the others pass, and
 * nothing is left. Tests in a user's module cause the faults, since each must hit one test at a
 * known moment. (A full temporary directory is in full-disk.qemu.test.ts, a thread that never
 * answers in schedule/stuck-worker.qemu.test.ts, a second QEMU that is killed or stopped in
 * interruption.qemu.test.ts.)
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { realQemu } from '../../qemu/qemus.fixtures.js';
import { Scratch, sharedMemoryFiles } from '../../model/scratch.fixtures.js';
import { drover } from '../process/drover.fixtures.js';
import type { Ran } from '../process/drover.fixtures.js';

const qemu = realQemu('10.0');
const socket = `listen: 'unix:$DIR/migsocket', connect: 'unix:$DIR/migsocket'`;

const text = `
import { closeSync, openSync } from 'node:fs';
import { migrationTest, precopyTest } from 'drover';

const pair = { level: 'smoke', ${socket} };
const strike = (path, startHook, more = {}) =>
  precopyTest({ ...pair, path, startHook, ...more });

/** holds all descriptors that this process may still open */
function exhaust() {
  const held = [];
  for (;;) {
    try {
      held.push(openSync('/dev/null', 'r'));
    } catch (error) {
      if (error.code !== 'EMFILE') throw error;
      return held;
    }
  }
}

export default [
  strike('/fault/thread', async () => process.exit(9)),
  strike('/fault/killed', async ({ source }) => process.kill(source.pid, 'SIGKILL')),
  strike('/fault/stopped', async ({ destination }) => process.kill(destination.pid, 'SIGSTOP')),
  migrationTest({
    path: '/fault/descriptors',
    level: 'smoke',
    run: async (context) => {
      const held = exhaust();
      try {
        const firmware = context.file('guest.bin');
        await context.startMachine({ side: 'source', memory: { kind: 'anon' }, firmware });
        return {};
      } finally {
        for (const fd of held) closeSync(fd);
      }
    },
  }),
  // declares no use of /dev/shm, or it would be skipped where that is small
  strike('/fault/shm', async () => {}, {
    memory: 'shmem',
    takes: { sharedMemoryBytes: 0 },
  }),
  ...[1, 2].map((n) => precopyTest({ ...pair, path: '/bystander/' + n })),
];
`;

function moduleIn(scratch: Scratch): string {
  const folder = path.join(scratch.directory, 'own');
  mkdirSync(folder);
  const file = path.join(folder, 'faults.mjs');
  writeFileSync(file, text);
  return file;
}

function argsFor(scratch: Scratch, fault: string): string[] {
  return [
    ...['run', '--qemu', qemu.command, '--accel', 'tcg', '--tests', moduleIn(scratch), '-j', '1'],
    ...['-p', `/fault/${fault}`, '-r', '/bystander', '--out', path.join(scratch.directory, 'out')],
  ];
}

function requireOnly(ran: Ran, scratch: Scratch, code: number, line: RegExp): void {
  const all = `${ran.stdout}\n${ran.stderr}`;
  assert.equal(ran.code, code, all);
  assert.match(ran.stdout, line);
  assert.match(ran.stdout, /^ok +\/x86_64\/bystander\/1/m, all);
  assert.match(ran.stdout, /^ok +\/x86_64\/bystander\/2/m, all);
  assert.match(ran.stdout, /^1 (failed|broken), 2 passed/m, all);
  assert.deepEqual(scratch.processes(), []);
  assert.deepEqual(sharedMemoryFiles(), []);
  assert.deepEqual(scratch.content.sort(), ['out', 'own']);
}

const faults: readonly (readonly [string, string, string, number, RegExp, readonly string[]])[] = [
  [
    'a worker thread that dies breaks its test, and its QEMUs go with it',
    'thread',
    'BROKEN',
    3,
    /worker-died/,
    [],
  ],
  [
    'a QEMU that is killed fails its test',
    'killed',
    'FAIL',
    1,
    /ended by SIGKILL unexpectedly/,
    [],
  ],
  [
    'a QEMU that is stopped runs into the deadline, and is ended',
    'stopped',
    'FAIL',
    1,
    /not done within 20\.0 s/,
    ['--timeout', '20'],
  ],
  [
    'a process that has no descriptor left breaks the test that needs one',
    'descriptors',
    'BROKEN',
    3,
    /EMFILE|too many open files/i,
    [],
  ],
];

for (const [title, fault, word, code, reason, more] of faults) {
  test(`${title}; the others pass, nothing is left`, { skip: qemu.skip }, async () => {
    using scratch = new Scratch();
    // few enough to use up quickly, enough for a run
    const limit = fault === 'descriptors' ? ['bash', '-c', 'ulimit -n 512; exec "$@"', 'bash'] : [];
    const ran = await drover([...argsFor(scratch, fault), ...more], scratch, {}, undefined, limit);
    requireOnly(ran, scratch, code, new RegExp(`^${word} +/x86_64/fault/${fault}`, 'm'));
    assert.match(ran.stdout, reason);
  });
}

test(
  'a /dev/shm that is full breaks the test that takes memory from it; the others pass, nothing is left',
  { skip: qemu.skip },
  async (t) => {
    const probe = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/dev/shm']);
    if (probe.status !== 0) {
      t.skip(`no mounts of our own can be made: ${String(probe.stderr).trim()}`);
      return;
    }
    using scratch = new Scratch();
    // in a name space of mounts of its own: nobody else's /dev/shm is touched
    const script = 'mount -t tmpfs -o size=32m none /dev/shm && exec "$@"';
    const small = ['unshare', '-m', 'bash', '-c', script, 'bash'];
    const ran = await drover(argsFor(scratch, 'shm'), scratch, {}, undefined, small);
    requireOnly(ran, scratch, 3, /^BROKEN +\/x86_64\/fault\/shm/m);
    assert.match(ran.stdout, /No space left|no space left|ENOSPC/);
  },
);
