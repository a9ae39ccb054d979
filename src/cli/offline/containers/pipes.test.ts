/** Sources that are no regular files, and files that unpack to more than there is room for. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  openSync,
  readFileSync,
  readdirSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Scratch } from '../../../model/scratch.fixtures.js';
import { samplesSkip, unpackCase } from '../../../memory/samples.fixtures.js';
import { drover, droverCommand, startDrover, untilOpen } from '../../process/drover.fixtures.js';

const skip = samplesSkip;

function run(command: string, ...args: string[]): void {
  const ran = spawnSync(command, args, { encoding: 'utf8' });
  assert.equal(ran.status, 0, `${command} ${args.join(' ')}: ${ran.error?.message ?? ran.stderr}`);
}

test(
  'standard input is read, from a pipe and from a file, and inside a compressed one',
  { skip },
  () => {
    using scratch = new Scratch();
    const file = unpackCase('libvirt-zstd.save', scratch.directory);
    const command = droverCommand.map((word) => `'${word}'`).join(' ');
    for (const shell of [
      `cat '${file}' | ${command} inspect -`,
      `${command} inspect - < '${file}'`,
      `${command} inspect <(cat '${file}')`,
    ]) {
      const env = { ...process.env, TMPDIR: scratch.directory };
      const ran = spawnSync('bash', ['-c', shell], { encoding: 'utf8', env });
      assert.equal(ran.status, 0, `${shell}: ${ran.stderr}`);
      assert.match(
        ran.stdout,
        /libvirt save image .*compressed by zstd, migration stream, .*complete/,
      );
    }
    assert.deepEqual(readdirSync(scratch.directory), ['libvirt-zstd.save']);
  },
);

test('output to a full disk is an error of the host, in its words', { skip }, () => {
  using scratch = new Scratch();
  const file = unpackCase('numa.mig', scratch.directory);
  const command = droverCommand.map((word) => `'${word}'`).join(' ');
  const shell = `${command} inspect --json '${file}' > /dev/full`;
  const ran = spawnSync('bash', ['-c', shell], { encoding: 'utf8' });
  assert.equal(ran.status, 3, ran.stderr);
  assert.match(ran.stderr, /^drover: the disk is full: /);
});

test('of several snapshots on standard input one can be chosen', { skip }, () => {
  using scratch = new Scratch();
  const file = unpackCase('snapshot-4k-clusters.qcow2', scratch.directory);
  const bytes = readFileSync(file);
  // The same snapshot twice: the second has another id and name.
  const at = Number(bytes.readBigUInt64BE(64));
  const length = 40 + bytes.readUInt32BE(at + 36) + 1 + 5;
  const entry = bytes.subarray(at, at + Math.ceil(length / 8) * 8);
  const second = Buffer.from(entry);
  second.write('2snap2', length - 6, 'latin1');
  bytes.writeUInt32BE(2, 60);
  bytes.writeBigUInt64BE(BigInt(bytes.length), 64);
  writeFileSync(file, Buffer.concat([bytes, entry, second]));
  const command = droverCommand.map((word) => `'${word}'`).join(' ');
  const env = { ...process.env, TMPDIR: scratch.directory };
  const ask = (word: string): { status: number | null; stdout: string; stderr: string } =>
    spawnSync('bash', ['-c', `cat '${file}' | ${command} inspect '${word}'`], {
      encoding: 'utf8',
      env,
    });
  const several = ask('-');
  assert.equal(several.status, 2, several.stdout);
  assert.match(several.stderr, /2 snapshots .*choose one by \/dev\/stdin#NAME\n[^]*snap2 \(id 2/);
  const chosen = ask('/dev/stdin#snap2');
  assert.equal(chosen.status, 0, chosen.stderr);
  assert.match(chosen.stdout, /snapshot snap2 of 2 in a qcow2 image, migration stream, .*complete/);
});

test('a named pipe may wait for its writer; the wait can be cancelled', { skip }, async () => {
  using scratch = new Scratch();
  const pipe = path.join(scratch.directory, 'pipe');
  run('mkfifo', pipe);
  const waiting = startDrover(['inspect', pipe], scratch);
  await untilOpen(waiting, pipe);
  waiting.child.kill('SIGINT');
  assert.equal((await waiting.ended).code, 130);
  const file = unpackCase('numa.mig', scratch.directory);
  const reading = startDrover(['inspect', pipe], scratch);
  await setTimeout(500);
  run('sh', '-c', `cat '${file}' > '${pipe}'`);
  const ran = await reading.ended;
  assert.equal(ran.code, 0, ran.stderr);
  assert.match(ran.stdout, /migration stream, .*complete/);
});

for (const [name, content] of [
  ['numa.mig', /migration stream, .*complete/],
  ['libvirt-zstd.save', /libvirt save image .*, compressed by zstd, migration stream, .*complete/],
  [
    'snapshot-4k-clusters.qcow2',
    /snapshot snap1 of 1 in a qcow2 image, migration stream, .*complete/,
  ],
] as const) {
  test(`${name} on a block device is read, whatever is behind it`, async (t) => {
    using scratch = new Scratch();
    if (skip !== false) {
      t.skip(skip);
      return;
    }
    const file = unpackCase(name, scratch.directory);
    const disk = path.join(scratch.directory, 'disk');
    writeFileSync(disk, Buffer.concat([readFileSync(file), Buffer.alloc(1 << 20)]));
    truncateSync(disk, Math.ceil(statSync(disk).size / 4096) * 4096);
    const attached = spawnSync('losetup', ['-f', '--show', disk], { encoding: 'utf8' });
    if (attached.status !== 0) {
      t.skip(`no loop device: ${attached.error?.message ?? attached.stderr.trim()}`);
      return;
    }
    const device = attached.stdout.trim();
    try {
      const ran = await drover(['inspect', device], scratch);
      assert.equal(ran.code, 0, ran.stdout + ran.stderr);
      assert.match(ran.stdout, content);
      if (!name.includes('zstd')) return;
      const fd = openSync(device, 'r+');
      writeSync(fd, Buffer.alloc(64, 0xa5), 0, 64, statSync(file).size - 1000);
      closeSync(fd);
      const broken = await drover(['inspect', device], scratch);
      assert.equal(broken.code, 1, 'damage within is not something behind');
      assert.match(broken.stderr, /compressed by zstd and damaged/);
    } finally {
      run('losetup', '-d', device);
    }
  });
}

for (const program of ['zstd', 'gzip', 'xz']) {
  test(`what ${program} unpacks to more than there is room for is refused`, async (t) => {
    using scratch = new Scratch();
    const bomb = path.join(scratch.directory, 'bomb');
    const probe = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt'], {
      encoding: 'utf8',
    });
    if (probe.status !== 0) {
      t.skip(`no mount of its own: ${probe.error?.message ?? probe.stderr.trim()}`);
      return;
    }
    run('bash', '-c', `set -o pipefail; head -c 256M /dev/zero | ${program} -1 -q > '${bomb}'`);
    const script = 'mount -t tmpfs -o size=16m none /mnt && TMPDIR=/mnt exec "$@"';
    const ran = await drover(['inspect', bomb], scratch, {}, undefined, [
      'unshare',
      '-m',
      'sh',
      '-c',
      script,
      'sh',
    ]);
    assert.equal(ran.code, 3, ran.stdout + ran.stderr);
    assert.match(ran.stderr, /bomb: unpacked it is larger than the free space in \/mnt/);
  });
}

for (const how of ['a compressed file', 'a pipe']) {
  test(`${how}: of the room in TMPDIR the last sixteenth is left to others`, (t) => {
    using scratch = new Scratch();
    const packed = path.join(scratch.directory, 'packed');
    const probe = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt'], {
      encoding: 'utf8',
    });
    if (probe.status !== 0) {
      t.skip(`no mount of its own: ${probe.error?.message ?? probe.stderr.trim()}`);
      return;
    }
    const command = droverCommand.map((word) => `'${word}'`).join(' ');
    for (const [mebibytes, code] of [
      [14, 0],
      [15.5, 3],
    ] as const) {
      const memory = `head -c ${mebibytes * 2 ** 20} /dev/zero`;
      const inspect =
        how === 'a pipe'
          ? `${memory} | TMPDIR=/mnt ${command} inspect -`
          : `${memory} | zstd -q > '${packed}'; TMPDIR=/mnt ${command} inspect '${packed}'`;
      const script = `mount -t tmpfs -o size=16m none /mnt; ${inspect}`;
      const ran = spawnSync('unshare', ['-m', 'bash', '-c', script], {
        encoding: 'utf8',
        timeout: 60_000,
      });
      assert.equal(ran.status, code, ran.stdout + ran.stderr);
      if (code === 0) continue;
      assert.match(ran.stderr, /unpacked it is larger than the free space in \/mnt/);
      assert.match(
        ran.stderr,
        /still free there: \d.*, of which a part is left to others; make room/,
      );
    }
  });
}

test('a zstd frame that claims terabytes is refused, whatever it asks memory for', async () => {
  using scratch = new Scratch();
  const file = path.join(scratch.directory, 'bomb.zst');
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(1n << 42n);
  // An empty block, and not the last.
  const block = Buffer.from([0, 0, 0]);
  for (const [frame, code, reason] of [
    // One segment: the window is as long as the content.
    [[0x28, 0xb5, 0x2f, 0xfd, 0xe0], 2, /needs more memory to unpack than Drover allows, 1024 MiB/],
    // A window of 3.75 TiB.
    [[0x28, 0xb5, 0x2f, 0xfd, 0xc0, 0xff], 2, /needs more memory to unpack than Drover allows/],
    // The least window: the claim alone takes no memory, and the content is not there.
    [[0x28, 0xb5, 0x2f, 0xfd, 0xc0, 0x00], 1, /compressed by zstd and damaged/],
  ] as const) {
    writeFileSync(file, Buffer.concat([Buffer.from(frame), size, block]));
    const ran = await drover(['inspect', file], scratch);
    assert.equal(ran.code, code, ran.stdout + ran.stderr);
    assert.match(ran.stderr, reason);
  }
});
