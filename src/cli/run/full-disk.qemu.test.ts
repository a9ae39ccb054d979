/**
 * A full temporary directory breaks the test that needs room, with a clear message, and leaves
 * nothing behind.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { realQemu } from '../../qemu/qemus.fixtures.js';
import { Scratch } from '../../model/scratch.fixtures.js';
import { drover } from '../process/drover.fixtures.js';

const qemu = realQemu('10.0');

/** A small file system of its own, or the reason why there can be none. */
class SmallDisk implements Disposable {
  readonly scratch = new Scratch();
  readonly directory = path.join(this.scratch.directory, 'small');
  readonly obstacle: string | undefined;

  constructor(kib: number) {
    mkdirSync(this.directory);
    const words = ['-t', 'tmpfs', '-o', `size=${kib}k`, 'tmpfs', this.directory];
    const { status, stderr, error } = spawnSync('mount', words, { encoding: 'utf8' });
    if (status !== 0) {
      this.obstacle = `no small file system can be mounted: ${error?.message ?? stderr.trim()}`;
    }
  }

  [Symbol.dispose](): void {
    if (this.obstacle === undefined) spawnSync('umount', [this.directory]);
    this.scratch[Symbol.dispose]();
  }
}

test('a disk that is full from the start is named', { skip: qemu.skip }, async (t) => {
  using disk = new SmallDisk(64);
  if (disk.obstacle !== undefined) {
    t.skip(disk.obstacle);
    return;
  }
  try {
    writeFileSync(path.join(disk.directory, 'filler'), Buffer.alloc(1024 * 1024));
  } catch {
    // it is full now
  }
  const ran = await drover(['run', '--qemu', qemu.command, '--accel', 'tcg'], disk.scratch, {
    TMPDIR: disk.directory,
  });
  assert.equal(ran.code, 3, `${ran.stdout}\n${ran.stderr}`);
  assert.match(`${ran.stdout}${ran.stderr}`, /ENOSPC|No space left/i);
  assert.doesNotMatch(ran.stderr, /^\s+at .*:\d+:\d+/m, 'no stack trace');
  assert.deepEqual(disk.scratch.processes(), []);
});

test(
  'a migration file that outgrows the disk makes its test broken, not failed',
  { skip: qemu.skip },
  async (t) => {
    using disk = new SmallDisk(20 * 1024);
    if (disk.obstacle !== undefined) {
      t.skip(disk.obstacle);
      return;
    }
    const args = [
      'run',
      '--qemu',
      qemu.command,
      '--accel',
      'tcg',
      '-p',
      'precopy/file',
      '-p',
      'precopy/unix/plain',
      '-j',
      '1',
      // what is kept goes elsewhere, and the disk has room again
      '--out',
      path.join(disk.scratch.directory, 'out'),
    ];
    const ran = await drover(args, disk.scratch, { TMPDIR: disk.directory });
    assert.equal(ran.code, 3, `${ran.stdout}\n${ran.stderr}`);
    assert.match(ran.stdout, /BROKEN +\/x86_64\/migration\/precopy\/file/);
    assert.match(ran.stdout, /No space left on device/i);
    assert.match(ran.stdout, /^ok +\/x86_64\/migration\/precopy\/unix\/plain/m);
    assert.deepEqual(disk.scratch.processes(), []);
    t.diagnostic(`left as evidence: ${readdirSync(disk.directory).join(', ')}`);
  },
);
