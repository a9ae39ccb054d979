/** Migration files inside other files: as `drover scan` and `drover inspect` read them, and what hostile ones may do. */
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
} from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { HarnessError } from '../../../model/errors.js';
import { asArray, asObject, asString } from '../../../model/json.js';
import type { Json } from '../../../model/json.js';
import { Scratch } from '../../../model/scratch.fixtures.js';
import { samplesSkip, unpackCase } from '../../../memory/samples.fixtures.js';
import { drover } from '../../process/drover.fixtures.js';
import { readLibvirtSave } from './libvirt-save.js';
import { Qcow2 } from './qcow2.js';

const skip = samplesSkip;
const libvirtHash = 'e0ea601ef9fb6f0237610924e367b887fb59b8f2e0f8ad4bd14d29fe7edfe2d8';
const snapshotHash = '27be5439824d431e855f215f2747b3b67230c05ebf03aecc3cf5794e6d8d87f0';

/** SHA-256 of block `pc.ram`, as `drover scan --level hash` prints it */
async function ramHash(words: readonly string[], scratch: Scratch): Promise<string> {
  const ran = await drover(['scan', '--level', 'hash', '--json', ...words], scratch);
  assert.equal(ran.code, 0, `${words.join(' ')}: ${ran.stdout}${ran.stderr}`);
  const blocks = asArray(asObject(JSON.parse(ran.stdout) as Json)['blocks']).map(asObject);
  return asString(blocks.find(({ name }) => name === 'pc.ram')?.['sha256']) ?? 'none';
}

function run(command: string, ...args: string[]): void {
  const ran = spawnSync(command, args, { encoding: 'utf8' });
  assert.equal(ran.status, 0, `${command} ${args.join(' ')}: ${ran.error?.message ?? ran.stderr}`);
}

for (const [format, name] of [
  ['raw', 'libvirt-raw.save'],
  ['zstd', 'libvirt-zstd.save'],
] as const) {
  test(
    `a libvirt save image of format ${format} is read, and its domain XML shown`,
    { skip },
    async () => {
      using scratch = new Scratch();
      const file = unpackCase(name, scratch.directory);
      assert.equal(await ramHash([file], scratch), libvirtHash);
      const inspected = await drover(['inspect', file], scratch);
      assert.equal(inspected.code, 0, inspected.stdout + inspected.stderr);
      assert.match(
        inspected.stdout,
        new RegExp(`libvirt save image \\(version 2; format ${format}; the domain was `),
      );
      const xml = await drover(['inspect', '--dump', 'xml', file], scratch);
      assert.match(xml.stdout, /^<domain/);
      assert.deepEqual(readdirSync(scratch.directory), [name], 'nothing unpacked is left');
    },
  );
}

test(
  'a libvirt save image of the other byte order, marked as incomplete, or damaged',
  { skip },
  () => {
    using scratch = new Scratch();
    const file = unpackCase('libvirt-raw.save', scratch.directory);
    const right = readFileSync(file);
    const read = (bytes: Buffer): ReturnType<typeof readLibvirtSave> => {
      writeFileSync(file, bytes);
      const fd = openSync(file, 'r');
      try {
        return readLibvirtSave(fd, 'FILE');
      } finally {
        closeSync(fd);
      }
    };
    const known = read(right);
    assert.ok(known?.complete === true && known.dataEnd === 65_673, JSON.stringify(known));
    const swapped = Buffer.from(right);
    swapped.subarray(16, 92).swap32();
    assert.deepEqual(read(swapped), known);
    const unfinished = Buffer.from(right);
    unfinished.write('LibvirtQemudPart', 'latin1');
    assert.equal(read(unfinished)?.complete, false);
    const newer = Buffer.from(right);
    newer.writeUInt32LE(4, 16);
    assert.throws(() => read(newer), /libvirt save image of version 4; Drover reads 1 to 3/);
    const long = Buffer.from(right);
    long.writeUInt32LE(0x7fffffff, 20);
    assert.throws(
      () => read(long),
      /announces 2,147,483,647 bytes of domain XML, and the file has/,
    );
    assert.throws(
      () => read(right.subarray(0, 60)),
      /ends inside libvirt's header, after 60 bytes/,
    );
  },
);

test('the snapshots of a qcow2 image are read by name, and listed', { skip }, async () => {
  using scratch = new Scratch();
  const file = unpackCase('snapshot-4k-clusters.qcow2', scratch.directory);
  assert.equal(await ramHash([`${file}#snap1`], scratch), snapshotHash);
  assert.equal(await ramHash([file], scratch), snapshotHash, 'the only snapshot needs no name');
  const inspected = await drover(['inspect', '--json', file], scratch);
  assert.match(inspected.stdout, /"kind": "qcow2 image"[^]*"name": "snap1"/);
  const none = await drover(['inspect', `${file}#snap2`], scratch);
  assert.equal(none.code, 2);
  assert.match(
    none.stderr,
    /no snapshot has the name or id 'snap2'\n[^]*snap1 \(id 1, .*of machine state/,
  );
});

test(
  'a damaged qcow2 image is an error with a reason, whatever is wrong with it',
  { skip },
  async () => {
    using scratch = new Scratch();
    const file = unpackCase('snapshot-4k-clusters.qcow2', scratch.directory);
    const right = readFileSync(file);
    const options = {
      label: 'FILE',
      folder: scratch.directory,
      env: {},
      signal: new AbortController().signal,
    };
    const read = async (bytes: Buffer): Promise<number | undefined> => {
      writeFileSync(file, bytes);
      const fd = openSync(file, 'r');
      try {
        const image = Qcow2.open(fd, 'FILE');
        if (image === undefined) return undefined;
        const state = await image.extract(image.find(undefined), options);
        closeSync(state.fd);
        return state.fd;
      } catch (error) {
        assert.ok(error instanceof HarnessError, String(error));
        return undefined;
      } finally {
        closeSync(fd);
      }
    };
    assert.notEqual(await read(right), undefined);
    const snapshots = Number(right.readBigUInt64BE(64));
    const place = fc.oneof(
      fc.integer({ min: 4, max: 111 }),
      fc.integer({ min: snapshots, max: snapshots + 63 }),
    );
    const value = fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0, 0x7f, 0x80, 0xff));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(place, value), { minLength: 1, maxLength: 8 }),
        async (changes) => {
          const changed = Buffer.from(right);
          for (const [at, byte] of changes) changed[at] = byte;
          await read(changed);
        },
      ),
      { numRuns: 200 },
    );
    for (const kept of [3, 40, 71, 103, snapshots + 8, right.length >> 1])
      await read(right.subarray(0, kept));
  },
);

for (const [program, suffix] of [
  ['gzip', 'gz'],
  ['bzip2', 'bz2'],
  ['xz', 'xz'],
  ['zstd', 'zst'],
  ['lzop', 'lzo'],
] as const) {
  const lacking =
    spawnSync(program, ['--version']).status === 0 ? false : `${program} is not installed`;
  test(
    `a migration file compressed by ${program} is read; cut short it is damaged`,
    { skip: skip === false ? lacking : skip },
    async () => {
      using scratch = new Scratch();
      const file = unpackCase('numa.mig', scratch.directory);
      const plain = await drover(['scan', '--level', 'hash', '--json', file], scratch);
      run(program, '-q', '-k', file);
      const packed = `${file}.${suffix}`;
      const ran = await drover(['scan', '--level', 'hash', '--json', packed], scratch);
      assert.deepEqual([ran.code, ran.stderr], [plain.code, '']);
      const blocksOf = (text: string): unknown => asObject(JSON.parse(text) as Json)['blocks'];
      assert.deepEqual(blocksOf(ran.stdout), blocksOf(plain.stdout));

      truncateSync(packed, statSync(packed).size >> 1);
      const cut = await drover(['inspect', packed], scratch);
      assert.equal(cut.code, 1, cut.stdout + cut.stderr);
      assert.match(
        cut.stderr,
        new RegExp(`compressed by ${program} and damaged: '${program} -dc' exited`),
      );
      const salvaged = await drover(['inspect', '--salvage', packed], scratch);
      assert.equal(salvaged.code, 1, 'never complete');
    },
  );
}

test(
  'a compression program that is not installed is named, with its package',
  { skip },
  async () => {
    using scratch = new Scratch();
    const file = unpackCase('libvirt-zstd.save', scratch.directory);
    const ran = await drover(['inspect', file], scratch, { PATH: '/nowhere' });
    assert.equal(ran.code, 3);
    assert.match(
      ran.stderr,
      /compressed by zstd, and the program 'zstd' was not found; install it \(Debian: apt install zstd\)/,
    );
  },
);

test(
  'a stream behind something else is found, and none is chosen where there are two',
  { skip },
  async () => {
    using scratch = new Scratch();
    const file = unpackCase('numa.mig', scratch.directory);
    const stream = readFileSync(file);
    const prefixed = path.join(scratch.directory, 'prefixed');
    writeFileSync(prefixed, Buffer.concat([Buffer.alloc(4096, 0x5a), stream]));
    const ran = await drover(['inspect', prefixed], scratch);
    assert.equal(ran.code, 0, ran.stderr);
    assert.match(ran.stdout, /behind 4,096 bytes of something else, migration stream, .*complete/);
    writeFileSync(prefixed, Buffer.concat([Buffer.alloc(4096, 0x5a), stream, stream]));
    const two = await drover(['inspect', prefixed], scratch);
    assert.equal(two.code, 2);
    assert.match(
      two.stderr,
      new RegExp(
        `several migration streams may start in it, at offsets 4096, ${4096 + stream.length}`,
      ),
    );
  },
);
