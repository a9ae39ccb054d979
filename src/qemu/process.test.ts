/**
 * Processes of the shell stand in for QEMU: what counts here is how a process is started and ended.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { pause } from '../model/deadline.js';
import { QemuProcess } from './process.js';
import { Scratch } from '../model/scratch.fixtures.js';
import { processStat } from './proc-stat.js';
import { groupLives } from './spawn.js';

async function start(scratch: Scratch, script: string, sockets = 0): Promise<QemuProcess> {
  return await QemuProcess.start({
    binary: {
      command: `/bin/sh -c '${script}'`,
      program: '/bin/sh',
      arch: 'x86_64',
      isPrefixed: false,
    },
    args: [],
    cwd: scratch.directory,
    env: { PATH: '/usr/bin:/bin' },
    outputPath: path.join(scratch.directory, 'output'),
    sockets,
    side: 'source',
    stopTimeouts: { quit: 200, term: 200, kill: 2000 },
  });
}

/** waits until the script has said that it is ready */
async function ready(child: QemuProcess): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (child.outputTail().includes('ready')) return;
    await pause(10);
  }
  assert.fail('the script never got ready');
}

test('a process that ends by itself is only reaped', async () => {
  using scratch = new Scratch();
  await using child = await start(scratch, 'echo last words; exit 3');
  assert.deepEqual(await child.waitForExit(5000), { code: 3, signal: null });
  const { status, step, survivors } = await child.end();
  assert.deepEqual([status.code, step, survivors], [3, 'itself', false]);
  assert.match(
    child.gone(undefined).message,
    /^the source QEMU exited with status 3 unexpectedly$/,
  );
  assert.deepEqual(child.gone(undefined).input.details, ['last words']);
});

test('a process is stopped by the mildest step that works', async () => {
  using scratch = new Scratch();
  await using polite = await start(scratch, 'echo ready; exec sleep 60');
  await ready(polite);
  assert.equal((await polite.end(() => Promise.resolve())).step, 'term');
});

test('a process that ignores SIGTERM is killed', async () => {
  using scratch = new Scratch();
  await using stubborn = await start(
    scratch,
    'trap "" TERM; echo ready; while :; do sleep 1; done',
  );
  await ready(stubborn);
  const { status, step } = await stubborn.end();
  assert.deepEqual([status.signal, step], ['SIGKILL', 'kill']);
});

test('a child that outlives its parent is found and killed', async () => {
  using scratch = new Scratch();
  await using parent = await start(scratch, 'sleep 60 & echo ready; wait');
  await ready(parent);
  process.kill(parent.pid, 'SIGKILL');
  await parent.waitForExit(5000);
  assert.equal((await parent.end()).survivors, true);
  for (let tries = 0; groupLives(parent.pid) && tries < 200; tries++) await pause(10);
  assert.equal(groupLives(parent.pid), false);
});

test('ending twice gives the same report, and disposing after that nothing new', async () => {
  using scratch = new Scratch();
  await using child = await start(scratch, 'exec sleep 60');
  const [first, second] = await Promise.all([child.end(), child.end()]);
  assert.equal(first, second);
});

test('sockets are passed as descriptors 3 and up, in order', async () => {
  using scratch = new Scratch();
  await using child = await start(
    scratch,
    'echo three >&3; echo four >&4; read word <&3; echo $word',
    2,
  );
  const said = await Promise.all(
    child.sockets.map(
      async (socket) =>
        await new Promise<string>((resolve) => {
          socket.once('data', (chunk: Buffer) => {
            resolve(chunk.toString());
          });
        }),
    ),
  );
  assert.deepEqual(said, ['three\n', 'four\n']);
  child.sockets[0]?.write('back\n');
  await child.waitForExit(5000);
  assert.deepEqual(child.outputTail(), ['back']);
});

test('a process leads its own group, so that a Ctrl-C of the terminal does not reach it', async () => {
  using scratch = new Scratch();
  await using child = await start(scratch, 'echo ready; exec sleep 60');
  await ready(child);
  assert.equal(processStat(child.pid)?.group, child.pid);
});

test('a wait for the end runs into its deadline', async () => {
  using scratch = new Scratch();
  await using child = await start(scratch, 'exec sleep 60');
  await assert.rejects(child.waitForExit(10), {
    code: 'deadline',
    message:
      /no end of the QEMU process on the source within 10 ms; last seen: process \d+ is still there/,
  });
});
