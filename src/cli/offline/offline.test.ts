import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { sampleNamed, samplesSkip, unpack } from '../../memory/samples.fixtures.js';
import { asArray, asObject } from '../../model/json.js';
import type { Json, JsonObject } from '../../model/json.js';
import { Scratch } from '../../model/scratch.fixtures.js';
import { drover, startDrover, untilOpen } from '../process/drover.fixtures.js';
import { pageBytes, stamped } from './samples/raw-memory.fixtures.js';

const skip = samplesSkip;

const parsed = (text: string): JsonObject => asObject(JSON.parse(text) as Json);

test('intact raw memory is clean, with its generation and edge', async () => {
  using scratch = new Scratch();
  const { file } = stamped(scratch, 128, 7, 100);
  const ran = await drover(['scan', file, '--address', '1M'], scratch);
  assert.equal(ran.code, 0, ran.stderr);
  assert.match(ran.stdout, /0x100000-0x180000: 128 pages of 4096 bytes, level byte/);
  assert.match(ran.stdout, /intact; generation 7, edge at 0x164000 \(page 100\), 6 from there on/);
  assert.match(ran.stdout, /0x100000 {2}\+{64}\n {2}0x140000 {2}\+{64}\n/);
  assert.equal(ran.stderr, '', 'no progress where there is no terminal');
});

test('damaged pages are named, counted and drawn, and the exit code says so', async () => {
  using scratch = new Scratch();
  const { file, bytes } = stamped(scratch, 128, 7, 100);
  bytes[10 * pageBytes] = 6;
  bytes[11 * pageBytes] = 6;
  bytes[127 * pageBytes] = 90;
  writeFileSync(file, bytes);
  const ran = await drover(['scan', file, '--address', '1M'], scratch);
  assert.equal(ran.code, 1, ran.stderr);
  assert.match(ran.stdout, /damaged: 3 pages in 2 runs; generation 7, edge at 0x164000/);
  assert.match(ran.stdout, /0x10a000-0x10c000 \(2 pages\): stale by 1: expected 7, found 6/);
  assert.match(ran.stdout, /0x17f000-0x180000 \(1 page\)/);
  assert.match(ran.stdout, /Memory content inconsistency at 10c000 first_byte = 7 last_byte = 6/);
  assert.match(ran.stdout, /0x100000 {2}\+{10}ss\+{52}/);

  const json = await drover(['scan', file, '--address', '1M', '--json'], scratch);
  assert.equal(json.code, 1);
  const [slice] = asArray(parsed(json.stdout)['slices']);
  assert.equal(parsed(json.stdout)['clean'], false);
  assert.deepEqual(
    [asObject(slice)['damagedPages'], asObject(slice)['generation']],
    [3, 7],
    json.stdout,
  );
});

test('the range, the page size and the writers are the user’s to say', async () => {
  using scratch = new Scratch();
  const { file, bytes } = stamped(scratch, 64, 7, 64);
  // A second writer's slice, of quite another generation.
  for (let page = 32; page < 64; page++) bytes[page * pageBytes] = page < 40 ? 100 : 99;
  writeFileSync(file, bytes);
  const scan = async (...args: string[]): Promise<number | null> =>
    (await drover(['scan', file, ...args], scratch)).code;
  assert.equal(await scan(), 1);
  assert.equal(await scan('--range', '0-128K'), 0);
  assert.equal(await scan('--range', '0x20000+0x20000'), 0);
  assert.equal(await scan('--writers', '2'), 0);
  assert.equal(await scan('--range', '0-128K', '--range', '128K-256K'), 0);
  assert.equal(await scan('--range', '0-128K', '--page-size', '8K'), 0);
  assert.equal(await scan('--level', 'zero'), 0);
  assert.equal(await scan('--range', '0-1M'), 2);
});

test('wrong usage and unreadable sources are exit code 2, with a reason', async () => {
  using scratch = new Scratch();
  const gzip = path.join(scratch.directory, 'x.gz');
  writeFileSync(gzip, Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0]), Buffer.alloc(8188)]));
  const empty = path.join(scratch.directory, 'empty');
  writeFileSync(empty, '');
  mkdirSync(path.join(scratch.directory, 'folder'));
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['scan'], /missing required argument 'source'/],
    [['scan', '/no/such/file'], /no such file/],
    [['scan', path.join(scratch.directory, 'folder')], /is a folder/],
    [['scan', empty], /is empty/],
    [['scan', gzip, '--range', '2-1'], /expected START-END/],
    [['scan', gzip, '--level', 'nope'], /expected one of/],
    [['scan', 'pid:x'], /expected a process id/],
    [['scan', 'pid:1', gzip], /takes no further files/],
    [['scan', 'pid:4194304'], /no such process/],
    [['scan', `pid:${process.pid}`], /not a QEMU/],
    [['diff', gzip], /missing required argument 'b'/],
  ];
  for (const [args, reason] of cases) {
    const ran = await drover(args, scratch);
    assert.equal(ran.code, 2, `${args.join(' ')}: ${ran.stdout}${ran.stderr}`);
    assert.match(ran.stderr, reason, args.join(' '));
    assert.doesNotMatch(ran.stderr, /internal error/);
  }
});

test('migration files are scanned like memory', { skip }, async () => {
  using scratch = new Scratch();
  for (const name of ['q72-inc-live', 'q102-inc-mapped']) {
    const files = unpack(sampleNamed(name), scratch.directory);
    const ran = await drover(['scan', ...files, '--range', '0x100000-0x600000'], scratch);
    assert.equal(ran.code, 0, `${ran.stdout}${ran.stderr}`);
    assert.match(ran.stdout, /migration stream, of machine pc-i440fx-\d+\.\d, complete/);
    assert.match(ran.stdout, /intact; generation \d+/);
  }
});

test(
  'a damaged migration file is exit code 1 with its offset, at any command',
  { skip },
  async () => {
    using scratch = new Scratch();
    const [file] = unpack(sampleNamed('q72-exec-plain'), scratch.directory);
    truncateSync(file!, 300_000);
    for (const args of [
      ['scan', file!],
      ['inspect', file!],
      ['diff', file!, file!],
    ]) {
      const ran = await drover(args, scratch);
      assert.equal(ran.code, 1, ran.stdout);
      assert.match(ran.stderr, /damaged at offset \d+ \(0x[0-9a-f]+\): /);
      assert.match(ran.stderr, /--salvage/);
    }
    const salvaged = await drover(['inspect', file!, '--salvage'], scratch);
    assert.equal(salvaged.code, 1);
    assert.match(salvaged.stdout, /not whole: /);
    assert.match(salvaged.stdout, /pc\.ram/);
  },
);

test('hash and zero need no stamps', { skip }, async () => {
  using scratch = new Scratch();
  const sample = sampleNamed('q102-mfd-zlib');
  const files = unpack(sample, scratch.directory);
  const ran = await drover(['scan', '--level', 'hash', ...files.reverse()], scratch);
  assert.equal(ran.code, 0, ran.stderr);
  for (const { name, sha256 } of sample.blocks ?? []) {
    assert.ok(ran.stdout.includes(`${sha256}  ${name}\n`), name);
  }
  const zero = await drover(['scan', '--level', 'zero', '--block', 'pc.ram', ...files], scratch);
  assert.match(zero.stdout, /pc\.ram: 2,048 pages of 4096 bytes: [\d,]+ zero/);
});

test('inspect tells what is in a stream, as text and as JSON', { skip }, async () => {
  using scratch = new Scratch();
  const files = unpack(sampleNamed('q102-mapped'), scratch.directory);
  const ran = await drover(['inspect', ...files], scratch);
  assert.equal(ran.code, 0, ran.stderr);
  assert.match(ran.stdout, /capabilities: mapped-ram/);
  assert.match(ran.stdout, /pc\.ram +8 MiB/);
  assert.match(ran.stdout, /device state: 31 sections decode to the last byte/);
  const json = await drover(['inspect', '--json', ...files], scratch);
  const document = parsed(json.stdout);
  assert.equal(asObject(document['source'])['completeness'], 'complete');
  assert.deepEqual(
    asArray(document['blocks']).map((block) => asObject(block)['name']),
    sampleNamed('q102-mapped').blocks?.map(({ name }) => name),
  );
});

test('inspect dumps device state and its description as JSON', { skip }, async () => {
  using scratch = new Scratch();
  const files = unpack(sampleNamed('q100-file-plain'), scratch.directory);
  const dump = async (what: string): Promise<JsonObject> =>
    parsed((await drover(['inspect', '--dump', what, ...files], scratch)).stdout);
  const devices = asArray((await dump('state'))['devices']).map(asObject);
  assert.equal(devices.length, 31);
  assert.ok(devices.every(({ whole }) => whole === true));
  const cpu = devices.find(({ name }) => name === 'cpu');
  assert.equal(asObject(cpu?.['state'])['env.eip'], '0x000000000000fff0');
  const description = await dump('desc');
  assert.equal(description['page_size'], 4096);
  const all = await dump('all');
  assert.deepEqual(all['description'], description);
  assert.deepEqual(asArray(all['devices']).map(asObject), devices);
  assert.ok(asObject(all['stream'])['records'] !== undefined);
});

test('extracted files are whole, keep to their folder and replace nothing', { skip }, async () => {
  using scratch = new Scratch();
  const sample = sampleNamed('q72-exec-plain');
  const [file] = unpack(sample, scratch.directory);
  const folder = path.join(scratch.directory, 'out');
  const ran = await drover(['inspect', file!, '--extract', folder], scratch);
  assert.equal(ran.code, 0, ran.stderr);
  const sha256 = (name: string): string =>
    createHash('sha256')
      .update(readFileSync(path.join(folder, name)))
      .digest('hex');
  assert.equal(sha256('ram-pc.ram.bin'), sample.blocks?.[0]?.sha256);
  assert.equal(sha256('ram-%2From%40etc%2Facpi%2Ftables.bin'), sample.blocks?.[1]?.sha256);
  assert.equal(readFileSync(path.join(folder, 'device-globalstate-0.bin')).length, 104);
  assert.equal(
    parsed(readFileSync(path.join(folder, 'description.json'), 'utf8'))['page_size'],
    4096,
  );
  assert.equal(readdirSync(folder).length, 6 + 31 + 1);
  assert.deepEqual(scratch.content.sort(), ['out', path.basename(file!)].sort());

  const again = await drover(['inspect', file!, '--extract', folder], scratch);
  assert.equal(again.code, 2);
  assert.match(again.stderr, /exists already; extract into an empty folder$/m);
  const notFolder = await drover(['inspect', '--extract', file!, file!], scratch);
  assert.equal(notFolder.code, 2);
  assert.match(notFolder.stderr, /exists already; name a folder$/m);
});

test('diff finds equal files equal, whatever their formats', { skip }, async () => {
  using scratch = new Scratch();
  const file = (name: string): string => unpack(sampleNamed(name), scratch.directory)[0]!;
  const [stream, elf, raw] = ['q72-exec-plain', 'q72-dump-elf', 'q72-pmemsave.raw'].map(file);
  const same = await drover(['diff', stream!, stream!], scratch);
  assert.equal(same.code, 0, same.stdout);
  assert.match(same.stdout, /block pc\.ram: 2,048 pages equal/);
  assert.match(same.stdout, /device state: 31 sections equal/);
  const dumps = await drover(['diff', elf!, raw!], scratch);
  assert.equal(dumps.code, 0, `${dumps.stdout}${dumps.stderr}`);
  const mixed = await drover(['diff', stream!, raw!], scratch);
  assert.equal(mixed.code, 0, `${mixed.stdout}${mixed.stderr}`);
  assert.match(mixed.stdout, /not compared: 0xa0000-0x100000/);
});

test('diff names pages, bytes and fields that differ', { skip }, async () => {
  using scratch = new Scratch();
  const raw = unpack(sampleNamed('q72-pmemsave.raw'), scratch.directory)[0]!;
  const bytes = readFileSync(raw);
  const changed = path.join(scratch.directory, 'changed');
  bytes[0x200123] = bytes[0x200123]! ^ 0xff;
  bytes[0x201000] = bytes[0x201000]! ^ 0x01;
  writeFileSync(changed, bytes);
  const ran = await drover(['diff', raw, changed], scratch);
  assert.equal(ran.code, 1, ran.stderr);
  assert.match(ran.stdout, /2 of 2,048 pages differ \(1 run\)/);
  assert.match(ran.stdout, /0x200000-0x202000 \(2 pages\): first difference at 0x200123: 0x/);

  const [plain] = unpack(sampleNamed('q72-exec-plain'), scratch.directory);
  const [live] = unpack(sampleNamed('q72-live-plain'), scratch.directory);
  const state = await drover(['diff', '--no-ram', plain!, live!], scratch);
  assert.equal(state.code, 1);
  assert.match(state.stdout, /cpu, instance 0: \d+ fields\n {4}env\./);
  const json = parsed((await drover(['diff', '--json', plain!, live!], scratch)).stdout);
  assert.equal(json['equal'], false);
  assert.ok(asArray(json['ram']).length > 0);
});

test('Ctrl-C ends long work at once with exit code 130', async () => {
  using scratch = new Scratch();
  const file = path.join(scratch.directory, 'large');
  writeFileSync(file, '');
  truncateSync(file, 1024 ** 4);
  const running = startDrover(['scan', '--level', 'hash', file], scratch);
  await untilOpen(running, file);
  running.child.kill('SIGINT');
  const { code, stdout, stderr } = await running.ended;
  assert.deepEqual([code, stdout, stderr], [130, '', 'drover: cancelling (once more to force)\n']);
});
