/** drover-exec --supervise: no descendant of the program outlives it, its parent, or SIGUSR1. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { launcherPath } from './addon.js';

const own = String(process.pid);
const timeout = 20_000;

/**
 * Children of three kinds: of the same group, of a session of its own, and an orphan of that kind.
 */
const family = 'sleep 71 & echo $!; setsid sleep 72 & echo $!; (setsid sleep 73 & echo $!);';

const shell = (script: string) => ['--supervise', own, 'sh', '-c', script];
const launch = (script: string) =>
  spawnSync(launcherPath(), shell(script), { encoding: 'utf8', timeout });

/** Running, and not merely waiting to be reaped by the process that inherited it. */
function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

function start(command: string, words: string[], detached = false) {
  return spawn(command, words, { stdio: ['ignore', 'pipe', 'inherit'], detached });
}

/** The process ids that the program prints first, one a line. */
async function announced(output: Readable, count: number): Promise<number[]> {
  let text = '';
  const collect = (more: Buffer) => (text += more.toString());
  output.on('data', collect);
  while (text.split('\n').length <= count) await once(output, 'data');
  output.off('data', collect);
  return text.trim().split('\n').map(Number);
}

async function allGone(pids: readonly number[], withinMs: number): Promise<void> {
  const deadlineMs = performance.now() + withinMs;
  for (const pid of pids) {
    while (isRunning(pid)) {
      assert.ok(performance.now() < deadlineMs, `process ${pid} is there after ${withinMs} ms`);
      await sleep(5);
    }
  }
}

test('the parent killed, all that the program started is gone', { timeout }, async () => {
  const script = `"$0" --supervise $$ sh -c '${family} echo $$; wait' & echo $!; wait`;
  const middle = start('sh', ['-c', script, launcherPath()]);
  const pids = await announced(middle.stdout, 5);
  assert.deepEqual(pids.map(isRunning), [true, true, true, true, true]);
  middle.kill('SIGKILL');
  await allGone(pids, 2000);
});

test(
  'SIGUSR1 ends the program and its descendants, and looks like SIGKILL',
  { timeout },
  async () => {
    const child = start(launcherPath(), shell(`trap '' TERM USR1; ${family} echo $$; wait`));
    const pids = await announced(child.stdout, 4);
    assert.deepEqual(pids.map(isRunning), [true, true, true, true]);
    const closed = once(child, 'close');
    child.kill('SIGUSR1');
    assert.deepEqual(await closed, [null, 'SIGKILL']);
    assert.deepEqual(pids.map(isRunning), [false, false, false, false]);
  },
);

test("the supervisor ends with the program's exit code or by its signal", { timeout }, () => {
  for (const code of [0, 9, 125, 255]) assert.equal(launch(`exit ${code}`).status, code);
  for (const signal of ['TERM', 'SEGV', 'KILL', 'USR1']) {
    const result = launch(`kill -${signal} $$`);
    assert.equal(result.signal, `SIG${signal}`);
    assert.equal(result.stderr, '');
  }
});

test('descendants may end by themselves for a moment after the program', { timeout }, () => {
  const result = launch('(sleep 0.1; echo done) & exit 4');
  assert.equal(result.stdout, 'done\n');
  assert.equal(result.status, 4);
});

test('descendants that stay after the program has ended are killed', { timeout }, async () => {
  const child = start(launcherPath(), shell(`${family} exit 5`));
  const closed = once(child, 'close');
  const pids = await announced(child.stdout, 3);
  assert.deepEqual(await closed, [5, null]);
  assert.deepEqual(pids.map(isRunning), [false, false, false]);
});

test('a signal to the group is for the program to answer', { timeout }, async () => {
  const script = `trap 'echo TERM' TERM; trap 'exit 7' HUP; echo $$; while :; do sleep 0.02; done`;
  const child = start(launcherPath(), shell(script), true);
  const group = -(child.pid ?? assert.fail('not started'));
  await announced(child.stdout, 1);
  const answered = once(child.stdout, 'data');
  process.kill(group, 'SIGTERM');
  assert.equal(String((await answered)[0]), 'TERM\n');
  process.kill(group, 'SIGHUP');
  assert.deepEqual(await once(child, 'close'), [7, null]);
});

test('a socket ends when its last holder below the program dies', { timeout }, async () => {
  // The program itself lets go of descriptor 3 and lives on.
  const child = spawn(launcherPath(), shell('sleep 74 & echo $!; exec 3>&-; sleep 75'), {
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
  });
  const closed = once(child, 'close');
  const socket = child.stdio[3] as Socket;
  const ended = once(socket.resume(), 'end');
  const [holder = 0] = await announced(child.stdout ?? assert.fail('no output'), 1);
  process.kill(holder, 'SIGKILL');
  await ended;
  assert.equal(child.exitCode, null);
  assert.ok(isRunning(child.pid ?? 0));
  child.kill('SIGUSR1');
  assert.deepEqual(await closed, [null, 'SIGKILL']);
});

test(
  'the supervised program gets the descriptors and the default signal handling',
  { timeout },
  () => {
    const script = `trap '' TERM HUP PIPE CHLD USR1; "$0" --supervise $$ cat /proc/self/status /dev/fd/3`;
    const { stdout, status } = spawnSync(
      'sh',
      ['-c', `exec 3</proc/self/comm; ${script}`, launcherPath()],
      {
        encoding: 'utf8',
      },
    );
    assert.equal(status, 0);
    assert.match(stdout, /^SigIgn:\s+0+$/m);
    assert.match(stdout, /^SigBlk:\s+0+$/m);
    assert.match(stdout, /\nsh\n$/);
  },
);

test('a program that cannot be started gives the same message as without supervision', () => {
  const run = (...words: string[]) => spawnSync(launcherPath(), words, { encoding: 'utf8' });
  const missing = run('--supervise', own, '/nowhere/qemu');
  assert.equal(missing.status, 127);
  assert.equal(
    missing.stderr,
    'drover-exec: cannot run "/nowhere/qemu": No such file or directory\n',
  );
  assert.equal(run('--supervise', own, '/tmp').status, 126);
  const orphan = run('--supervise', '999999999', 'true');
  assert.equal(orphan.status, 125);
  assert.match(orphan.stderr, /"true" not started: parent 999999999 is gone, now it is \d+/);
  for (const words of [[], [own], ['x', 'true']]) {
    const result = run('--supervise', ...words);
    assert.equal(result.status, 125, words.join(' '));
    assert.match(result.stderr, /^usage: drover-exec/);
  }
});
