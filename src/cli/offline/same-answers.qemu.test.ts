/**
 * One stopped guest with random memory and two pages changed, written to files of every format: all
 * give the same answer to the same question. Then bytes are taken out of each file: no answer gets
 * better.
 *
 * DROVER_TEST_SEED draws the same memory and the same cuts again; DROVER_TEST_MUTANTS multiplies
 * the cuts, and takes all QEMUs instead of one.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { test } from 'node:test';
import { setCapability } from '../../migration/commands.js';
import { drawing, testSeed } from '../../model/drawing.fixtures.js';
import { HarnessError } from '../../model/errors.js';
import type { RealQemu } from '../../qemu/qemus.fixtures.js';
import { realQemus } from '../../qemu/qemus.fixtures.js';
import { migrateTo } from './samples/captures.fixtures.js';
import type { Stage } from './samples/captures.fixtures.js';
import { readEnvironment } from '../process/environment.js';
import type { SourceOptions } from './source/offline-options.js';
import { openSource } from './source/offline-source.js';
import { ProgressLine } from './progress-line.js';
import { isWithin, placesOf } from './source/places.js';
import { isIntact } from './scan/scan-text.js';
import { trouble } from './source/source-facts.js';
import {
  pageBytes,
  sharedRamOf,
  smallRamBytes,
  stampedRange,
  withStampedMemory,
} from './samples/stamped-machine.fixtures.js';

const share = Number(process.env['DROVER_TEST_MUTANTS'] ?? 1);
const cutsPerFormat = 6 * share;
type Draw = (below: number) => number;

/** Memory that is compared: all but what a PC shows ROM and VGA for. */
const compared = { start: 1024 ** 2, end: smallRamBytes };
const first = { start: compared.start, end: compared.start + pageBytes };

/** Pages of all kinds, in runs: zero, one byte, random, nearly zero. */
function fillRandomly(fd: number, draw: Draw): void {
  const kinds: readonly (() => Buffer)[] = [
    () => Buffer.alloc(pageBytes),
    () => Buffer.alloc(pageBytes, 1 + draw(255)),
    () => Buffer.from(Array.from({ length: pageBytes }, () => draw(256))),
    () => {
      const page = Buffer.alloc(pageBytes);
      page[draw(pageBytes)] = 1 + draw(255);
      return page;
    },
  ];
  for (let at = stampedRange.end; at < compared.end;) {
    const make = kinds[draw(kinds.length)]!;
    for (let left = 1 + draw(64); left > 0 && at < compared.end; left -= 1, at += pageBytes) {
      writeSync(fd, make(), 0, pageBytes, at);
    }
  }
}

/** One byte of a page becomes another. */
function change(fd: number, truth: Buffer, page: number, draw: Draw): void {
  const at = page + draw(pageBytes);
  writeSync(fd, Buffer.from([(truth[at] ?? 0) ^ (1 + draw(255))]), 0, 1, at);
}

const pageIn = (start: number, end: number, draw: Draw): number =>
  start + draw((end - start) / pageBytes) * pageBytes;

interface Made {
  readonly file: string;
  readonly options?: SourceOptions;
}

/** A libvirt save image up to its stream. */
function libvirtHead(version: number, format: number, dataBytes: number): Buffer {
  const head = Buffer.alloc(92 + dataBytes);
  head.write('LibvirtQemudSave', 'latin1');
  [version, dataBytes, 0, format, 0].forEach((word, index) => {
    head.writeUInt32LE(word, 16 + 4 * index);
  });
  head.write('<domain/>', 92);
  return head;
}

/**
 * A QEMU migrates a stopped guest once: here another one, with the same memory, does, behind
 * `head`.
 */
async function mappedFile(
  stage: Stage,
  qemu: RealQemu,
  name: string,
  head: Buffer,
): Promise<string> {
  const file = stage.context.file(name);
  const memory = readFileSync(stage.context.file('raw')).subarray(compared.start);
  await withStampedMemory(qemu, async (other) => {
    const fd = sharedRamOf(other.machine.process.pid);
    writeSync(fd, memory, 0, memory.length, compared.start);
    closeSync(fd);
    await setCapability(other.machine, 'mapped-ram');
    await migrateTo(other, `file:${file},offset=${head.length}`);
  });
  const fd = openSync(file, 'r+');
  writeSync(fd, head, 0, head.length, 0);
  closeSync(fd);
  return file;
}

/** `save` of each format for the guest as it is. */
async function everyFormat(stage: Stage, qemu: RealQemu, draw: Draw): Promise<Map<string, Made>> {
  const { context, machine } = stage;
  const made = new Map<string, Made>();
  const save = async (name: string, command: string, request: object): Promise<void> => {
    const file = context.file(name);
    const full = JSON.parse(JSON.stringify(request).replaceAll('FILE', file)) as object;
    await machine.qmp.execute(command, { ...full }, { timeoutMs: 60_000 });
    made.set(name, { file });
  };
  const dump = { paging: false, protocol: 'file:FILE' };
  await save('elf', 'dump-guest-memory', { ...dump, format: 'elf' });
  await save('kdump', 'dump-guest-memory', { ...dump, format: 'kdump-zlib' });
  await save('raw', 'pmemsave', { val: 0, size: smallRamBytes, filename: 'FILE' });
  made.set('raw', { file: context.file('raw'), options: { format: 'raw' } });
  const stream = context.file('stream');
  await migrateTo(stage, `exec:cat > ${stream}`);
  made.set('stream', { file: stream });
  const write = (name: string, ...parts: Buffer[]): void => {
    const file = context.file(name);
    writeFileSync(file, Buffer.concat(parts));
    made.set(name, { file });
  };
  const bytes = readFileSync(stream);
  for (const program of ['gzip', 'zstd']) {
    const { status, stdout } = spawnSync(program, ['-qc', stream], { maxBuffer: 2 ** 27 });
    if (status === 0) write(program, stdout);
  }
  write('prefix', Buffer.alloc(1 + draw(100_000), 0x5a), bytes);
  write('libvirt', libvirtHead(2, 0, 64), bytes);
  if (qemu.version !== '7.2') {
    made.set('mapped', { file: await mappedFile(stage, qemu, 'mapped', Buffer.alloc(0)) });
    // libvirt's format 6, sparse: where the stream starts is libvirt's choice.
    const head = Buffer.concat([libvirtHead(3, 6, 64), Buffer.alloc(draw(100_000))]);
    made.set('sparse save', { file: await mappedFile(stage, qemu, 'sparse', head) });
  }
  return made;
}

interface Answers {
  readonly whole: boolean;
  readonly clean: boolean;
  readonly stamps: unknown;
  readonly hash: string | null;
  readonly differences: unknown;
  /** pages of A that are not equal to the truth, or of which nothing is known */
  readonly unequal: number;
}

async function ask({ file, options = {} }: Made, truth: string, stage: Stage): Promise<Answers> {
  const { signal } = new AbortController();
  const environment = {
    ...readEnvironment(process.env),
    temporaryDirectory: stage.scratch.directory,
  };
  const session = { signal, progress: new ProgressLine(process.stderr, true) };
  const open = async (word: string, how: SourceOptions): ReturnType<typeof openSource> =>
    await openSource([word], how, environment, session);
  using source = await open(file, options);
  using right = await open(truth, { format: 'raw' });
  const { image } = source;
  const [slice] = await image.check({ level: 'page', slices: [stampedRange], step: pageBytes });
  assert.ok(slice !== undefined);
  const { generation, edge, damagedPages, pagesByKind, damage } = slice;
  const block = image.blocks.findIndex(({ length }) => length >= smallRamBytes);
  // What a file ends before cannot be compared, and is not equal.
  const place = placesOf(image.blocks).find((one) => isWithin(first, one));
  const end = Math.min(compared.end, place?.end ?? compared.start);
  const diff = await image.diff(right.image, {
    firstBlock: null,
    firstStart: compared.start,
    secondBlock: null,
    secondStart: compared.start,
    length: Math.max(0, end - compared.start),
  });
  const runs = damage.map(({ start, end, kind }) => ({ start, end, kind }));
  return {
    whole: trouble(source) === undefined,
    clean: isIntact(slice),
    stamps: { generation, edge, damagedPages, pagesByKind, runs },
    hash: block < 0 ? null : await image.hash(block, [compared]),
    differences: diff.runs,
    unequal: diff.differentPages + diff.absentInBoth + (compared.end - end) / pageBytes,
  };
}

/**
 * A cut that hits what was changed, where that can be found, or any other; often of whole pages.
 */
function cutOf(bytes: Buffer, changed: readonly Buffer[], draw: Draw): readonly [number, number] {
  const target = changed[draw(changed.length * 2)];
  const found = target === undefined ? -1 : bytes.indexOf(target);
  if (found >= 0) {
    // With the header of its record, or without.
    return [Math.max(0, found - 8 * draw(2)), found + pageBytes];
  }
  const sizes = [1, 8, 512, pageBytes, pageBytes + 8, 64 * pageBytes, 1 + draw(bytes.length)];
  const at = draw(bytes.length);
  const start = draw(2) === 0 ? at : at - (at % pageBytes);
  return [start, Math.min(bytes.length, start + (sizes[draw(sizes.length)] ?? 1))];
}

/**
 * Never better: still not clean, still not equal. A file that cannot be read any more is no better
 * answer.
 */
async function cutAndAsk(made: Made, truth: string, stage: Stage, draw: Draw): Promise<string> {
  const bytes = readFileSync(made.file);
  const raw = readFileSync(stage.context.file('raw'));
  const right = readFileSync(truth);
  const changed: Buffer[] = [];
  for (let at = compared.start; at < compared.end; at += pageBytes) {
    const page = raw.subarray(at, at + pageBytes);
    if (!page.equals(right.subarray(at, at + pageBytes))) changed.push(page);
  }
  let [read, refused] = [0, 0];
  for (let turn = 0; turn < cutsPerFormat; turn++) {
    const [start, end] = cutOf(bytes, changed, draw);
    writeFileSync(made.file, Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]));
    try {
      const options = { ...made.options, salvage: turn % 2 === 1 };
      const { clean, unequal } = await ask({ ...made, options }, truth, stage);
      assert.ok(!clean, `without bytes ${start} to ${end} its stamps are clean`);
      assert.ok(unequal > 0, `without bytes ${start} to ${end} it is equal`);
      read += 1;
    } catch (error) {
      assert.ok(error instanceof HarnessError, String(error));
      refused += 1;
    }
  }
  writeFileSync(made.file, bytes);
  return `${read} read, ${refused} refused`;
}

const chosen = realQemus.filter(({ version }) => share > 1 || version === '11.1');
for (const qemu of chosen) {
  test(
    `QEMU ${qemu.version}: files of every format answer alike, and no cut makes an answer better`,
    { skip: qemu.skip, timeout: 600_000 * share },
    async (t) => {
      t.diagnostic(`seed ${testSeed}`);
      const draw = drawing(testSeed);
      await withStampedMemory(qemu, async (stage) => {
        const fd = sharedRamOf(stage.machine.process.pid);
        fillRandomly(fd, draw);
        const truth = stage.context.file('truth');
        const request = { val: 0, size: smallRamBytes, filename: truth };
        await stage.machine.qmp.execute('pmemsave', request, { timeoutMs: 60_000 });
        const right = readFileSync(truth);
        change(fd, right, pageIn(stampedRange.start, stampedRange.end, draw), draw);
        change(fd, right, pageIn(stampedRange.end, compared.end, draw), draw);
        closeSync(fd);

        const formats = await everyFormat(stage, qemu, draw);
        const answers = new Map<string, Answers>();
        for (const [name, made] of formats) answers.set(name, await ask(made, truth, stage));
        const expected = answers.get('raw');
        assert.deepEqual([expected?.clean, expected?.unequal], [false, 2]);
        for (const [name, found] of answers) assert.deepEqual(found, expected, name);
        for (const [name, made] of formats) {
          t.diagnostic(`${name}: ${await cutAndAsk(made, truth, stage, draw)}`);
        }
      });
    },
  );
}
