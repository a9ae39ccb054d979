/**
 * Mutated qcow2 images, libvirt save images and compressed streams, fed to what unpacks them. Promised: an error that says
 * why, or content of the right length, and of a format with checksums the right content; soon, in little memory, and with no
 * descriptor or file left open.
 *
 * As a program, `npm run fuzz` calls it: TARGET SECONDS FOLDER SEED, or TARGET FILE to feed a file again.
 */
import { execFileSync } from 'node:child_process';
import { fstatSync, mkdirSync, readFileSync, readSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { drawing } from '../../../model/drawing.fixtures.js';
import { HarnessError } from '../../../model/errors.js';
import { Scratch } from '../../../model/scratch.fixtures.js';
import {
  sampleNamed,
  unpackCase,
  unpack as unpackSample,
} from '../../../memory/samples.fixtures.js';
import { unpack } from './unpack.js';

type Draw = (below: number) => number;
type Span = readonly [start: number, end: number];

interface Seed {
  readonly bytes: Buffer;
  /** where numbers are that the reader believes: most mutations are there */
  readonly hot: readonly Span[];
  /** what is in it, where a checksum guards that */
  readonly content?: Buffer;
}

const offsetMask = 0x00fffffffffffe00n;

function qcow2Seed(folder: string): Seed {
  const bytes = readFileSync(unpackCase('snapshot-4k-clusters.qcow2', folder));
  const number = (at: number): number => Number(bytes.readBigUInt64BE(at));
  const clusterBytes = 2 ** bytes.readUInt32BE(20);
  const snapshots = number(64);
  const [table, entries] = [number(snapshots), bytes.readUInt32BE(snapshots + 8)];
  const tables = Array.from({ length: entries }, (_, index) =>
    Number(bytes.readBigUInt64BE(table + 8 * index) & offsetMask),
  ).filter((at) => at > 0);
  const second = tables.map((at): Span => [at, at + clusterBytes]);
  return {
    bytes,
    hot: [[4, 112], [snapshots, snapshots + 96], [table, table + 8 * entries], ...second],
  };
}

function libvirtSeed(name: string): (folder: string) => Seed {
  return (folder) => ({
    bytes: readFileSync(unpackCase(name, folder)),
    hot: [
      [14, 92],
      [16, 36],
      [65_600, 65_700],
    ],
  });
}

/** A whole stream, compressed by the format's own program. */
function compressedSeed(...[program, ...words]: [string, ...string[]]): (folder: string) => Seed {
  return (folder) => {
    const [stream = ''] = unpackSample(sampleNamed('q72-mfd-none'), folder);
    const content = readFileSync(stream);
    const bytes = execFileSync(program, [...words, '-c'], {
      input: content,
      maxBuffer: 1 << 24,
      timeout: 60_000,
    });
    const end = bytes.length;
    // The checksums of lzop are an option, which its header names.
    const guarded = program === 'lzop' ? {} : { content };
    return {
      bytes,
      hot: [
        [0, 24],
        [0, end],
        [end - 24, end],
      ],
      ...guarded,
    };
  };
}

const seedsOf = {
  qcow2: [qcow2Seed],
  libvirt: [libvirtSeed('libvirt-raw.save'), libvirtSeed('libvirt-zstd.save')],
  compressed: [
    compressedSeed('gzip'),
    compressedSeed('bzip2'),
    compressedSeed('xz'),
    compressedSeed('lzop'),
    compressedSeed('zstd', '-q'),
  ],
} as const;
export type ContainerTarget = keyof typeof seedsOf;

function mutant({ bytes, hot }: Seed, draw: Draw): Buffer {
  let out = Buffer.from(bytes);
  const place = (): number => {
    const [start, end] = hot[draw(hot.length)] ?? [0, out.length];
    return draw(8) === 0 ? draw(out.length) : Math.min(start + draw(end - start), out.length - 1);
  };
  const values = [0n, 1n, 0xffn, 0x7fffffffn, 0xffffffffn, 1n << 62n, (1n << 63n) - 1n, ~0n];
  for (let left = 1 + draw(6); left > 0; left--) {
    const at = place();
    const width = Math.min(2 ** draw(4), out.length - at);
    switch (draw(6)) {
      case 0:
        out[at] = (out[at] ?? 0) ^ (1 << draw(8));
        break;
      case 1: {
        const word = Buffer.alloc(8);
        const near = BigInt(out.length + draw(3) - 1);
        word.writeBigUInt64BE(BigInt.asUintN(64, [...values, near][draw(9)] ?? 0n));
        word.copy(out, at, 8 - width);
        break;
      }
      case 2:
        out.copy(out, at, place(), Math.min(place() + width, out.length));
        break;
      case 3:
        for (let index = 0; index < width; index++) out[at + index] = draw(256);
        break;
      case 4:
        if (draw(8) === 0) out = out.subarray(0, 1 + draw(out.length));
        break;
      case 5:
        if (draw(8) === 0) out = Buffer.concat([out.subarray(0, at), out.subarray(at + width)]);
        break;
    }
  }
  return out;
}

const slowMs = 20_000;
const mostResidentBytes = 1024 ** 3;
const openDescriptors = (): number => readdirSync('/proc/self/fd').length;

/** @returns whether the file was read; throws where a promise is broken */
export async function feed(file: string, folder: string, content?: Buffer): Promise<boolean> {
  const before = [openDescriptors(), readdirSync(folder).length];
  const startedMs = performance.now();
  let read = false;
  try {
    const signal = new AbortController().signal;
    const options = { label: 'FILE', folder, env: process.env, signal, plain: false };
    using unpacked = await unpack(file, options);
    const first = unpacked.containers[0];
    if (first?.kind === 'qcow2 image' && unpacked.containers.length === 1) {
      const { size } = fstatSync(unpacked.fd);
      const { stateBytes } = first.snapshot;
      if (size !== stateBytes) throw new Error(`${size} bytes unpacked of ${stateBytes}`);
    }
    const isCompressed = first?.kind === 'compressed file';
    if (isCompressed && content !== undefined && unpacked.containers.length === 1) {
      const held = Buffer.alloc(content.length);
      const got = readSync(unpacked.fd, held, 0, held.length, 0);
      if (got < held.length || !held.equals(content)) {
        throw new Error(`${got} bytes were unpacked and taken for whole, and differ`);
      }
    }
    read = true;
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    if (!error.message.includes('FILE') && !error.message.includes(file)) throw error;
  }
  const tookMs = performance.now() - startedMs;
  if (tookMs > slowMs) throw new Error(`it took ${tookMs.toFixed(0)} ms`);
  const { rss } = process.memoryUsage();
  if (rss > mostResidentBytes) throw new Error(`it took ${rss} bytes of memory`);
  const after = [openDescriptors(), readdirSync(folder).length];
  if (after.join() !== before.join())
    throw new Error(`descriptors, files: ${before.join()}, then ${after.join()}`);
  return read;
}

export interface Fuzzed {
  readonly executions: number;
  readonly read: number;
}

/** Until `done` says so. A mutant that breaks a promise is kept in `findings`. */
export async function fuzzContainer(
  target: ContainerTarget,
  seedNumber: number,
  done: (executions: number) => boolean,
  findings?: string,
): Promise<Fuzzed> {
  using scratch = new Scratch();
  const draw = drawing(seedNumber);
  const seeds = seedsOf[target].map((make) => make(scratch.directory));
  const file = path.join(scratch.directory, 'mutant');
  writeFileSync(file, '');
  let [executions, read] = [0, 0];
  for (; !done(executions); executions++) {
    const seed = seeds[draw(seeds.length)]!;
    const bytes = mutant(seed, draw);
    writeFileSync(file, bytes);
    try {
      if (await feed(file, scratch.directory, seed.content)) read += 1;
    } catch (error) {
      if (findings === undefined) throw error;
      mkdirSync(findings, { recursive: true });
      const kept = path.join(findings, `${target}-${seedNumber}-${executions}`);
      writeFileSync(kept, bytes);
      process.stderr.write(`ERROR: ${String(error)}\nTest unit written to ${kept}\n`);
      process.exitCode = 1;
      break;
    }
  }
  return { executions, read };
}

const isTarget = (word: string): word is ContainerTarget => Object.hasOwn(seedsOf, word);

async function main([target = '', first = '', findings, seed = '1']: string[]): Promise<void> {
  if (!isTarget(target)) throw new Error(`no target '${target}'`);
  const seconds = Number(first);
  if (findings === undefined) {
    using scratch = new Scratch();
    const copy = path.join(scratch.directory, 'mutant');
    writeFileSync(copy, readFileSync(first));
    process.stdout.write(`${(await feed(copy, scratch.directory)) ? 'read' : 'refused'}\n`);
    return;
  }
  const endMs = performance.now() + 1000 * seconds;
  const done = (): boolean => performance.now() > endMs;
  const { executions, read } = await fuzzContainer(target, Number(seed), done, findings);
  // In the words of libFuzzer, which scripts/verify/fuzzing.mjs reads.
  process.stdout.write(
    `stat::number_of_executed_units: ${executions}\n` +
      `stat::average_exec_per_sec: ${Math.round(executions / seconds)}\n` +
      `cov: ${read} corp: ${seedsOf[target].length}/\n`,
  );
}

if (process.argv[1] === import.meta.filename) await main(process.argv.slice(2));
