import assert from 'node:assert/strict';
import { chmodSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { HarnessError } from '../model/errors.js';
import { folderFor } from '../model/scratch.fixtures.js';
import { resolveInstallation } from './installation.js';

const search = { searchPath: '', origin: '--qemu' };

test('all targets of a folder, each program once, nothing else', (t) => {
  const folder = folderFor(t);
  for (const name of ['qemu-system-sparc', 'qemu-system-m68k', 'qemu-img', 'qemu-system-x86_64']) {
    writeFileSync(path.join(folder, name), '#!/bin/sh\nexec true\n');
    chmodSync(path.join(folder, name), 0o755);
  }
  symlinkSync('qemu-system-x86_64', path.join(folder, 'qemu-system-amd64'));
  const found = resolveInstallation(folder, search);
  assert.deepEqual(
    found.map(({ arch }) => arch),
    ['m68k', 'sparc', 'x86_64'],
  );
  const [one] = resolveInstallation(path.join(folder, 'qemu-system-sparc'), search);
  assert.deepEqual([one?.arch, one?.program], ['sparc', path.join(folder, 'qemu-system-sparc')]);
});

test('a folder without a QEMU, and one that is not there, are wrong usage that names it', (t) => {
  for (const given of [folderFor(t), '/nowhere/bin']) {
    assert.throws(
      () => resolveInstallation(given, search),
      (error) =>
        error instanceof HarnessError && error.blame === 'usage' && error.message.includes(given),
    );
  }
});
