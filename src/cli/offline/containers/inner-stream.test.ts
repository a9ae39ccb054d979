/** What save images, snapshots and compressed files hold is a stream, or the answer is no: never memory by chance. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { samplesSkip, unpackCase } from '../../../memory/samples.fixtures.js';
import { Scratch } from '../../../model/scratch.fixtures.js';
import { drover } from '../../process/drover.fixtures.js';

const skip = samplesSkip;
const libvirtHeaderEnd = 65_673;

/** A case, changed. @returns its path */
function changed(name: string, scratch: Scratch, change: (bytes: Buffer) => unknown): string {
  const file = unpackCase(name, scratch.directory);
  const bytes = readFileSync(file);
  const made = change(bytes);
  writeFileSync(file, made instanceof Buffer ? made : bytes);
  return file;
}

test('a save image that holds no stream is damaged, not memory', { skip }, async () => {
  using scratch = new Scratch();
  const file = changed('libvirt-raw.save', scratch, (bytes) =>
    Buffer.concat([bytes.subarray(0, libvirtHeaderEnd), Buffer.alloc(1 << 20)]),
  );
  for (const command of [['scan', '--level', 'zero'], ['inspect']]) {
    const ran = await drover([...command, file], scratch);
    assert.equal(ran.code, 1, ran.stdout + ran.stderr);
    assert.match(ran.stderr, /read as a migration stream, is damaged at offset 65673/);
  }
});

test('a save image in a format that libvirt may add is refused by number', { skip }, async () => {
  using scratch = new Scratch();
  const file = changed('libvirt-raw.save', scratch, (bytes) => {
    bytes.writeUInt32LE(9, 28);
  });
  const ran = await drover(['inspect', file], scratch);
  assert.equal(ran.code, 2, ran.stdout + ran.stderr);
  assert.match(ran.stderr, /libvirt save image of format number 9; Drover reads raw, gzip, /);
});

/** The snapshot in the case: offsets in the file. */
function snapshotIn(bytes: Buffer): { entry: number; name: number; extra: number; l1: number } {
  const entry = Number(bytes.readBigUInt64BE(64));
  const extra = entry + 40;
  const name = extra + bytes.readUInt32BE(entry + 36) + bytes.readUInt16BE(entry + 12);
  const table = Number(bytes.readBigUInt64BE(entry));
  const entries = bytes.readUInt32BE(entry + 8);
  // The disk is empty: what the table has is the state.
  for (let index = 0; index < entries; index++) {
    const l1 = table + 8 * index;
    if (bytes.readBigUInt64BE(l1) !== 0n) return { entry, name, extra, l1 };
  }
  throw new Error('no state');
}

const entriesOfTable = 512;

/** Where the L2 entry of a cluster of the state is: the first one has number 0. */
function clusterEntry(bytes: Buffer, cluster: number): number {
  const l1 = snapshotIn(bytes).l1 + 8 * Math.floor(cluster / entriesOfTable);
  const l2 = Number(bytes.readBigUInt64BE(l1) & 0xfffffffffffe00n);
  return l2 + 8 * (cluster % entriesOfTable);
}

/** Extended entries: each second entry becomes the bitmap of the one before. */
function makeExtended(bytes: Buffer): void {
  const { extra } = snapshotIn(bytes);
  bytes.writeBigUInt64BE(bytes.readBigUInt64BE(72) | 16n, 72);
  for (const at of [extra, extra + 8]) {
    bytes.writeBigUInt64BE(bytes.readBigUInt64BE(at) / 2n, at);
  }
}

test('a snapshot whose state is not there, or at no cluster, is damaged', { skip }, async () => {
  using scratch = new Scratch();
  for (const [change, reason] of [
    [
      (bytes: Buffer): void => {
        bytes.writeBigUInt64BE(0n, snapshotIn(bytes).l1);
      },
      /offset 0 of the machine state of snapshot 1 has no cluster/,
    ],
    [
      // in the description of the device state, where no page and no section is missed
      (bytes: Buffer): void => {
        bytes.writeBigUInt64BE(0n, clusterEntry(bytes, 856));
      },
      /offset 3506176 of the machine state of snapshot 1 has no cluster\n +--salvage takes zeroes/,
    ],
    [
      // Extended entries: of a cluster all but one piece is lacking.
      (bytes: Buffer): void => {
        makeExtended(bytes);
        bytes.writeBigUInt64BE(2n, clusterEntry(bytes, 0) + 8);
      },
      /offset 0 of the machine state of snapshot 1 has no cluster/,
    ],
    [
      (bytes: Buffer): void => {
        const { l1 } = snapshotIn(bytes);
        bytes.writeBigUInt64BE(bytes.readBigUInt64BE(l1) + 512n, l1);
      },
      /an L2 table at offset \d+, which no cluster begins at/,
    ],
    [
      (bytes: Buffer): void => {
        makeExtended(bytes);
        const l2 = clusterEntry(bytes, 0);
        bytes.writeBigUInt64BE(0n, l2);
        bytes.writeBigUInt64BE(2n, l2 + 8);
      },
      /subclusters of a cluster without an offset/,
    ],
  ] as const) {
    const file = changed('snapshot-4k-clusters.qcow2', scratch, change);
    const ran = await drover(['scan', '--level', 'zero', file], scratch);
    assert.equal(ran.code, 1, ran.stdout + ran.stderr);
    assert.match(ran.stderr, reason);
  }
});

test(
  '--salvage reads a snapshot that lacks a cluster, and it is never whole',
  { skip },
  async () => {
    using scratch = new Scratch();
    const file = changed('snapshot-4k-clusters.qcow2', scratch, (bytes) => {
      bytes.writeBigUInt64BE(0n, clusterEntry(bytes, 856));
    });
    const ran = await drover(['scan', '--level', 'zero', '--salvage', file], scratch);
    assert.equal(ran.code, 1, ran.stdout + ran.stderr);
    assert.match(ran.stdout, /not whole: the qcow2 image: offset 3506176 of the machine state/);
    assert.match(ran.stdout, /pc\.ram: 2,048 pages/);
  },
);

test('a snapshot whose name holds a # is found', { skip }, async () => {
  using scratch = new Scratch();
  const file = changed('snapshot-4k-clusters.qcow2', scratch, (bytes) => {
    bytes.write('sn#p1', snapshotIn(bytes).name);
  });
  const ran = await drover(['inspect', `${file}#sn#p1`], scratch);
  assert.equal(ran.code, 0, ran.stderr);
  assert.match(ran.stdout, /snapshot sn#p1 of 1/);
});

for (const [program, suffix] of [
  ['gzip', 'gz'],
  ['bzip2', 'bz2'],
  ['zstd', 'zst'],
  ['lzop', 'lzo'],
] as const) {
  const isThere = spawnSync(program, ['--version']).status === 0;
  test(
    `behind a stream that ${program} compressed there may be something else, but no damage within`,
    { skip: isThere ? skip : `${program} is not installed` },
    async () => {
      using scratch = new Scratch();
      const file = unpackCase('numa.mig', scratch.directory);
      assert.equal(spawnSync(program, ['-q', '-k', file]).status, 0);
      const packed = readFileSync(`${file}.${suffix}`);
      const behind = path.join(scratch.directory, 'behind');
      for (const rest of [Buffer.alloc(8192), Buffer.alloc(8192, 0x5a)]) {
        writeFileSync(behind, Buffer.concat([packed, rest]));
        const ran = await drover(['inspect', behind], scratch);
        assert.equal(ran.code, 0, ran.stdout + ran.stderr);
        const memory = path.join(scratch.directory, 'memory');
        writeFileSync(memory, Buffer.alloc(8192, 1));
        assert.equal(spawnSync(program, ['-q', '-f', '-k', memory]).status, 0);
        writeFileSync(behind, Buffer.concat([readFileSync(`${memory}.${suffix}`), rest]));
        // Memory does not say where it ends.
        const scanned = await drover(['scan', '--level', 'zero', behind], scratch);
        if (rest[0] !== 0) assert.equal(scanned.code, 1, scanned.stdout + scanned.stderr);
      }
      const halves = ['a', 'b'].map((half, index) => {
        const part = path.join(scratch.directory, half);
        const bytes = readFileSync(file);
        const middle = bytes.length >> 1;
        writeFileSync(part, index === 0 ? bytes.subarray(0, middle) : bytes.subarray(middle));
        assert.equal(spawnSync(program, ['-q', part]).status, 0);
        return readFileSync(`${part}.${suffix}`);
      });
      writeFileSync(behind, Buffer.concat(halves));
      const joined = await drover(['inspect', behind], scratch);
      assert.equal(joined.code, 0, joined.stdout + joined.stderr);

      const broken = Buffer.from(packed);
      const middle = broken.length >> 1;
      broken[middle] = (broken[middle] ?? 0) ^ 0x10;
      writeFileSync(behind, Buffer.concat([broken, Buffer.alloc(8192)]));
      const ran = await drover(['inspect', behind], scratch);
      assert.equal(ran.code, 1, ran.stdout + ran.stderr);
    },
  );
}

test('what pzstd writes begins with a frame to skip', { skip }, async () => {
  using scratch = new Scratch();
  const file = unpackCase('numa.mig', scratch.directory);
  assert.equal(spawnSync('zstd', ['-q', '-k', file]).status, 0);
  const skipped = Buffer.from('502a4d180400000000000000', 'hex');
  const packed = path.join(scratch.directory, 'packed');
  writeFileSync(packed, Buffer.concat([skipped, readFileSync(`${file}.zst`)]));
  const ran = await drover(['inspect', packed], scratch);
  assert.equal(ran.code, 0, ran.stdout + ran.stderr);
  assert.match(ran.stdout, /compressed by zstd, migration stream/);
});

test('the header of a stream inside other data is offered as none', { skip }, async () => {
  using scratch = new Scratch();
  const file = unpackCase('numa.mig', scratch.directory);
  const stream = readFileSync(file);
  const head = stream.subarray(0, 24);
  const other = path.join(scratch.directory, 'other');
  for (const [bytes, reason] of [
    // compressed data: the configuration is there, what follows is not
    [
      Buffer.concat([Buffer.alloc(4096, 0x5a), head, Buffer.alloc(5000, 0xa5)]),
      /no known format starts here/,
    ],
    [
      Buffer.concat([Buffer.from('04224d18', 'hex'), Buffer.alloc(9), stream]),
      /compressed with lz4; unpack it first/,
    ],
    [
      Buffer.concat([Buffer.from('QFI\xfb\0\0\0\x04', 'latin1'), Buffer.alloc(4096), stream]),
      /a qcow2 image with version number 4, which Drover does not read/,
    ],
  ] as const) {
    writeFileSync(other, bytes);
    const ran = await drover(['inspect', other], scratch);
    assert.equal(ran.code, 2, ran.stdout + ran.stderr);
    assert.match(ran.stderr, reason);
    assert.doesNotMatch(ran.stderr, /behind a prefix/);
  }
});
