/** The digest of a running QEMU is that of its program, whatever starts it. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { folderFor } from '../model/scratch.fixtures.js';
import { programDigest } from './program-digest.js';
import { realQemus } from './qemus.fixtures.js';

/** Started as `command` does, once it answers. */
async function digestOf(command: string): Promise<string | undefined> {
  const words = ['-machine', 'none', '-nodefaults', '-display', 'none', '-qmp', 'stdio'];
  const child = spawn(command, words, { stdio: ['pipe', 'pipe', 'ignore'] });
  try {
    await once(child.stdout, 'data');
    return await programDigest(child.pid ?? 0);
  } finally {
    child.kill('SIGKILL');
    await once(child, 'close');
  }
}

for (const { version, command, skip } of realQemus) {
  test(`QEMU ${version}: the program, and not the loader that runs it`, { skip }, async () => {
    const root = path.join(path.dirname(path.dirname(command)), 'root');
    const program = readFileSync(path.join(root, 'usr/bin/qemu-system-x86_64'));
    assert.equal(await digestOf(command), createHash('sha256').update(program).digest('hex'));
  });
}

test('a program whose path has a blank, and a link to it', async (t) => {
  const folder = folderFor(t);
  // any program that reads standard input would do; its name makes it a QEMU
  const file = path.join(folder, 'qemu-system-x86_64 of mine');
  copyFileSync('/bin/cat', file);
  const link = path.join(folder, 'linked');
  symlinkSync(file, link);
  const child = spawn(link, [], { stdio: ['pipe', 'pipe', 'ignore'] });
  try {
    child.stdin.write('x');
    await once(child.stdout, 'data');
    const expected = createHash('sha256').update(readFileSync(file)).digest('hex');
    assert.equal(await programDigest(child.pid ?? 0), expected);
  } finally {
    child.kill('SIGKILL');
    await once(child, 'close');
  }
});
