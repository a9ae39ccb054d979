/**
 * A stream of device state alone, as xen-save-devices-state writes it: shown and compared, never
 * taken for memory.
 */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { sampleNamed, samplesSkip, unpack, unpackCase } from '../../memory/samples.fixtures.js';
import { asArray, asObject } from '../../model/json.js';
import type { Json, JsonObject } from '../../model/json.js';
import { Scratch } from '../../model/scratch.fixtures.js';
import type { Ran } from '../process/drover.fixtures.js';
import { ManyCommands } from './many-commands.fixtures.js';

const skip = samplesSkip;
const saved = (scratch: Scratch): string => unpackCase('devices-alone.mig', scratch.directory);
const why = /devices-alone\.mig: holds device state and no RAM \(xen-save-devices-state/;

const parsed = (text: string): JsonObject => asObject(JSON.parse(text) as Json);

test('scan at every level and export refuse it, and name what can be done', { skip }, async () => {
  using scratch = new Scratch();
  using commands = new ManyCommands(scratch.directory);
  const drover = async (words: readonly string[]): Promise<Ran> =>
    await commands.run(words, 60_000);
  const file = saved(scratch);
  const out = path.join(scratch.directory, 'out');
  const levels = ['byte', 'wide', 'page', 'zero', 'hash'].map((level) => [
    'scan',
    '--level',
    level,
  ]);
  const rows = [
    ...levels.map((words) => [...words, file]),
    ['scan', '--range', '1M-2M', file],
    ['scan', '--block', 'pc.ram', file],
    ['scan', '--salvage', file],
    ['scan', '--json', file],
    ...['raw', 'elf', 'lime'].map((format) => ['export', '--as', format, file, out]),
  ];
  for (const words of rows) {
    const ran = await drover(words);
    assert.deepEqual([ran.code, ran.stdout], [2, ''], words.join(' '));
    assert.match(ran.stderr, why);
    assert.match(ran.stderr, /drover inspect shows it, drover diff compares it/);
  }
  assert.ok(!readdirSync(scratch.directory).includes('out'));
});

test(
  'inspect shows its sections, and that there is neither RAM nor description',
  { skip },
  async () => {
    using scratch = new Scratch();
    using commands = new ManyCommands(scratch.directory);
    const drover = async (words: readonly string[]): Promise<Ran> =>
      await commands.run(words, 60_000);
    const file = saved(scratch);
    const { code, stdout } = await drover(['inspect', file]);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /migration stream, device state without RAM \(xen-save-devices-state\)/);
    assert.match(stdout, /^RAM blocks: none$/m);
    assert.match(stdout, /^sections: 30$/m);
    assert.match(stdout, /^device state: the stream has no description of its device state$/m);

    const overview = parsed((await drover(['inspect', '--json', file])).stdout);
    assert.deepEqual(asArray(overview['blocks']!), []);
    const { completeness, trouble } = asObject(overview['source']!);
    assert.deepEqual([completeness, trouble], ['devicesAlone', null]);

    for (const what of ['state', 'all']) {
      const ran = await drover(['inspect', '--dump', what, file]);
      assert.equal(ran.code, 0, ran.stderr);
      const { problem, devices } = parsed(ran.stdout);
      assert.equal(problem, 'the stream has no description of its device state');
      const states = asArray(devices!).map(asObject);
      assert.equal(states.length, 30);
      for (const { state, whole, remarks } of states) {
        assert.deepEqual([state, whole, remarks], [null, false, [problem]]);
      }
    }
  },
);

test('inspect --extract writes each state, and no RAM', { skip }, async () => {
  using scratch = new Scratch();
  using commands = new ManyCommands(scratch.directory);
  const drover = async (words: readonly string[]): Promise<Ran> =>
    await commands.run(words, 60_000);
  const file = saved(scratch);
  const folder = path.join(scratch.directory, 'parts');
  const ran = await drover(['inspect', '--extract', folder, '--json', file]);
  assert.equal(ran.code, 0, ran.stderr);
  const { files, leftOut } = parsed(ran.stdout);
  assert.deepEqual([asArray(files!).length, leftOut], [30, []]);
  const names = readdirSync(folder);
  assert.equal(names.length, 30);
  assert.ok(
    names.every((name) => name.startsWith('device-')),
    names.join(' '),
  );
});

test('two such files are compared device by device', { skip }, async () => {
  using scratch = new Scratch();
  using commands = new ManyCommands(scratch.directory);
  const drover = async (words: readonly string[]): Promise<Ran> =>
    await commands.run(words, 60_000);
  const file = saved(scratch);
  const equal = await drover(['diff', file, file]);
  assert.equal(equal.code, 0, equal.stdout + equal.stderr);
  assert.match(equal.stdout, /^device state: 30 sections equal$/m);
  assert.doesNotMatch(equal.stdout, /not compared|block/);
  const { notCompared, ram } = parsed((await drover(['diff', '--json', file, file])).stdout);
  assert.deepEqual([notCompared, ram], [[], []]);
  assert.equal((await drover(['diff', '--no-ram', file, file])).code, 0);

  const bytes = readFileSync(file);
  const other = path.join(scratch.directory, 'other');
  const clock = bytes.indexOf('mc146818rtc') + 'mc146818rtc'.length + 8;
  bytes[clock + 0x41] = 0xff ^ bytes.readUInt8(clock + 0x41);
  writeFileSync(other, bytes);
  const changed = await drover(['diff', file, other]);
  assert.equal(changed.code, 1, changed.stderr);
  assert.match(changed.stdout, /mc146818rtc, instance 0: differs from byte 65 on/);
});

test('beside a stream with RAM, no block is called a difference', { skip }, async () => {
  using scratch = new Scratch();
  using commands = new ManyCommands(scratch.directory);
  const drover = async (words: readonly string[]): Promise<Ran> =>
    await commands.run(words, 60_000);
  const file = saved(scratch);
  const [whole = ''] = unpack(sampleNamed('q72-exec-plain'), scratch.directory);
  for (const [a, b, side] of [
    [file, whole, 'A'],
    [whole, file, 'B'],
  ] as const) {
    const ran = await drover(['diff', a, b]);
    assert.match(
      ran.stdout,
      new RegExp(`^not compared: RAM: ${side} holds device state alone$`, 'm'),
    );
    assert.doesNotMatch(ran.stdout, /block .* is only in/);
    const { missing, equal } = parsed((await drover(['diff', '--json', a, b])).stdout);
    assert.deepEqual([missing, equal], [[], false]);
  }
});

/** The file with a RAM block of one zero page in front of its devices. */
function withRam(bytes: Buffer): Buffer {
  const be = (value: number, length: number): Buffer =>
    Buffer.from(value.toString(16).padStart(2 * length, '0'), 'hex');
  const named = (name: string): Buffer => Buffer.concat([be(name.length, 1), Buffer.from(name)]);
  const end = [be(0x10, 8), be(0x7e, 1), be(2, 4)];
  return Buffer.concat([
    ...[bytes.subarray(0, 8), be(1, 1), be(2, 4), named('ram'), be(0, 4), be(4, 4)],
    ...[be(4096 | 4, 8), named('pc.ram'), be(4096, 8), ...end],
    ...[be(3, 1), be(2, 4), be(2, 8), named('pc.ram'), be(0, 1), ...end],
    bytes.subarray(8),
  ]);
}

test('equal device state beside RAM that was not compared ends with code 2', { skip }, async () => {
  using scratch = new Scratch();
  using commands = new ManyCommands(scratch.directory);
  const file = saved(scratch);
  const whole = path.join(scratch.directory, 'whole');
  writeFileSync(whole, withRam(readFileSync(file)));
  for (const [a, b, side] of [
    [file, whole, 'A'],
    [whole, file, 'B'],
  ] as const) {
    const ran = await commands.run(['diff', a, b, '--json'], 60_000);
    assert.equal(ran.code, 2, ran.stdout + ran.stderr);
    const { equal, missing, notCompared } = parsed(ran.stdout);
    assert.deepEqual(
      [equal, missing, notCompared],
      [false, [], [`RAM: ${side} holds device state alone`]],
    );
    const devices = await commands.run(['diff', '--no-ram', a, b], 60_000);
    assert.equal(devices.code, 0, devices.stdout + devices.stderr);
  }
});

test('diff refuses what would compare nothing', { skip }, async () => {
  using scratch = new Scratch();
  using commands = new ManyCommands(scratch.directory);
  const drover = async (words: readonly string[]): Promise<Ran> =>
    await commands.run(words, 60_000);
  const file = saved(scratch);
  const [whole = ''] = unpack(sampleNamed('q72-exec-plain'), scratch.directory);
  const [dump = ''] = unpack(sampleNamed('q72-dump-elf'), scratch.directory);
  const rows: readonly (readonly [readonly string[], RegExp])[] = [
    [[file, file, '--no-devices'], /leave out --no-devices/],
    [[whole, file, '--no-devices'], /leave out --no-devices/],
    [[file, whole, '--block', 'pc.ram'], /leave out --range and --block/],
    [[file, whole, '--range', '1M-2M'], /leave out --range and --block/],
    [[file, dump], /q72-dump-elf holds no device state: compare two streams/],
    [[dump, file], /q72-dump-elf holds no device state: compare two streams/],
    [[dump, file, '--no-ram'], /q72-dump-elf holds no device state: compare two streams/],
  ];
  for (const [words, instead] of rows) {
    const ran = await drover(['diff', ...words]);
    assert.deepEqual([ran.code, ran.stdout], [2, ''], words.join(' '));
    assert.match(ran.stderr, why);
    assert.match(ran.stderr, instead);
  }
});

test('what is cut short, or has something behind its end, is damaged', { skip }, async () => {
  using scratch = new Scratch();
  using commands = new ManyCommands(scratch.directory);
  const drover = async (words: readonly string[]): Promise<Ran> =>
    await commands.run(words, 60_000);
  const file = saved(scratch);
  const bytes = readFileSync(file);
  const damaged = path.join(scratch.directory, 'damaged');
  for (const content of [
    bytes.subarray(0, bytes.length >> 1),
    bytes.subarray(0, bytes.length - 1),
    Buffer.concat([bytes, Buffer.alloc(100, 0xee)]),
  ]) {
    writeFileSync(damaged, content);
    for (const options of [[], ['--salvage']]) {
      const ran = await drover(['inspect', ...options, damaged]);
      assert.deepEqual([ran.code, ran.stdout], [1, ''], ran.stderr);
    }
  }
});
