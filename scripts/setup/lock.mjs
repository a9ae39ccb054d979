// Lets one set-up at a time work on this tree. The kernel holds the lock for as long as this process or a command that it
// runs has the file open, so a set-up that is killed leaves nothing that a later one would have to judge.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { SetupFailure, inherited } from './command.mjs';

const GIVE_UP_AFTER_S = 15 * 60;

/** flock(1), part of every Debian, locks the open file that it shares with us as its descriptor 3. */
async function flock(fd, ...words) {
  const child = spawn('flock', [...words, '3'], { stdio: ['ignore', 'ignore', 'inherit', fd] });
  const [code] = await once(child, 'close').catch((error) => [error.message]);
  return code;
}

/** Runs `work` while holding the lock of `file`; others wait for it, up to 15 minutes. */
export async function withLock(file, say, work, giveUpAfterS = GIVE_UP_AFTER_S) {
  mkdirSync(path.dirname(file), { recursive: true });
  const held = await open(file, 'a');
  try {
    let code = await flock(held.fd, '--nonblock');
    if (code === 1) {
      say('waiting for another set-up of this tree to finish');
      code = await flock(held.fd, '--wait', String(giveUpAfterS));
    }
    if (code === 1) {
      throw new SetupFailure(`waited ${giveUpAfterS} s for another set-up that holds ${file}`, {
        advice: `See who holds it: fuser -v ${file}`,
      });
    }
    if (code !== 0) {
      throw new SetupFailure(`could not lock ${file} with flock (${code})`, {
        advice: 'Install util-linux, and check that the folder can be written.',
      });
    }
    inherited.push(held.fd);
    return await work();
  } finally {
    inherited.length = 0;
    await held.close();
  }
}
