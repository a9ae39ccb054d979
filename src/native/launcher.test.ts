/**
 * drover-exec: keeps the process id, dies with its parent, and says clearly what it could not
 * start.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { launcherPath } from './addon.js';

const launch = (...words: string[]) => spawnSync(launcherPath(), words, { encoding: 'utf8' });
const own = String(process.pid);

/** Running, and not merely waiting to be reaped by the process that inherited it. */
function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

test("the program runs under the launcher's process id, with its arguments and exit code", async () => {
  const child = spawn(launcherPath(), [own, 'sh', '-c', 'echo $$ "$1"; exit 9', 'sh', 'a b'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (text: Buffer) => (output += text.toString()));
  assert.deepEqual(await once(child, 'close'), [9, null]);
  assert.equal(output, `${child.pid ?? 0} a b\n`);
});

test('inherited descriptors reach the program', () => {
  const { output } = spawnSync(launcherPath(), [own, 'sh', '-c', 'echo three >&3'], {
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
    encoding: 'utf8',
  });
  assert.equal(output[3], 'three\n');
});

test('a program that is missing, is not a program, or may not be executed gives different errors', () => {
  const missing = launch(own, '/nowhere/qemu');
  assert.equal(missing.status, 127);
  assert.equal(
    missing.stderr,
    'drover-exec: cannot run "/nowhere/qemu": No such file or directory\n',
  );
  const folder = launch(own, '/tmp');
  assert.equal(folder.status, 126);
  assert.equal(folder.stderr, 'drover-exec: cannot run "/tmp": Permission denied\n');
});

test('wrong use and a parent that is not the parent start nothing', () => {
  for (const words of [[], [own], ['x', 'true'], ['-5', 'true'], ['1x', 'true']]) {
    const result = launch(...words);
    assert.equal(result.status, 125, words.join(' '));
    assert.match(result.stderr, /^usage: drover-exec/);
  }
  const orphan = launch('999999999', 'true');
  assert.equal(orphan.status, 125);
  assert.match(orphan.stderr, /"true" not started: parent 999999999 is gone, now it is \d+/);
});

test('signals that the parent ignored or blocked have their defaults in the program', () => {
  // sh gives ignored signals on to what it starts; the launcher has to undo that.
  const { stdout } = spawnSync(
    'sh',
    ['-c', `trap '' TERM HUP PIPE; "$0" $$ cat /proc/self/status`, launcherPath()],
    { encoding: 'utf8' },
  );
  assert.match(stdout, /^SigIgn:\s+0+$/m);
  assert.match(stdout, /^SigBlk:\s+0+$/m);
});

test('the program dies when its parent is killed', async () => {
  // The middle process starts the launcher, prints its child's id, and is killed.
  const middle = spawn('sh', ['-c', `"$0" $$ sleep 60 & echo $!; wait`, launcherPath()], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(middle.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  const deadlineMs = performance.now() + 10_000;
  while (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('sleep')) {
    assert.ok(performance.now() < deadlineMs, 'waited for the launcher to become sleep');
    await sleep(2);
  }
  middle.kill('SIGKILL');
  while (isRunning(pid)) {
    assert.ok(performance.now() < deadlineMs, `waited for process ${pid} to die with its parent`);
    await sleep(2);
  }
});
