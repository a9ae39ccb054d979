// Lets one set-up at a time work on this tree. The kernel holds the lock through flock(1) (part of
// every Debian), so a set-up that is killed leaves nothing that a later one would have to judge.
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { SetupFailure } from './command.mjs';

const SAY_WAITING_AFTER_MS = 500;
const GIVE_UP_AFTER_MS = 15 * 60_000;

/** Runs `work` while holding the lock of `file`; others wait for it, up to 15 minutes. */
export async function withLock(file, say, work, giveUpAfterMs = GIVE_UP_AFTER_MS) {
  mkdirSync(path.dirname(file), { recursive: true });
  // `cat` holds the lock until our end of its standard input closes, which our death does too.
  const holder = spawn(
    'flock',
    ['--no-fork', '--exclusive', file, 'sh', '-c', 'echo held; exec cat'],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  const ended = new Promise((resolve) => {
    holder.on('close', resolve);
    holder.on('error', resolve);
  });
  const notice = setTimeout(() => {
    say('waiting for another set-up of this tree to finish');
  }, SAY_WAITING_AFTER_MS);
  let timer;
  try {
    const outcome = await Promise.race([
      new Promise((resolve) => holder.stdout.once('data', () => resolve('held'))),
      ended.then(() => 'ended'),
      new Promise((resolve) => {
        timer = setTimeout(() => resolve('late'), giveUpAfterMs);
      }),
    ]);
    if (outcome === 'ended') {
      throw new SetupFailure(`could not lock ${file} with flock`, {
        advice: 'Install util-linux, and check that the folder can be written.',
      });
    }
    if (outcome === 'late') {
      throw new SetupFailure(
        `waited ${Math.round(giveUpAfterMs / 1000)} s for another set-up that holds ${file}`,
        { advice: `See who holds it: fuser -v ${file}` },
      );
    }
    clearTimeout(notice);
    return await work();
  } finally {
    clearTimeout(notice);
    clearTimeout(timer);
    holder.stdin.on('error', () => {}); // it may be gone already
    holder.stdin.end();
    // While flock(1) still waits for the lock, closing its input does not end it.
    if (holder.exitCode === null) holder.kill('SIGTERM');
    await ended;
  }
}
