/**
 * Compressed files, unpacked to a temporary file by the format's own program: as fast as it is alone, and whatever a
 * hostile file does to it happens in a process of its own, whose memory and output have a limit.
 */
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { Cancelled, pause, timeoutError } from '../../../model/deadline.js';
import { HarnessError } from '../../../model/errors.js';
import { printableLine } from '../../../model/text/printable.js';
import type { OnProgress } from '../../../memory/image-work.js';
import { describeExit, killAll, spawnProcess } from '../../../qemu/spawn.js';
import { roomIn, sizeOf, temporaryFile, tooLarge } from './temporary-file.js';

export interface Compression {
  /** of the format, of its program and of Debian's package */
  readonly name: 'gzip' | 'bzip2' | 'xz' | 'lzop' | 'zstd';
  readonly magic: RegExp;
  readonly options?: string;
  /** for a block device, where something else may follow: only where the program has no words of its own for that */
  readonly deviceOptions?: string;
  readonly package?: string;
}

/** magic bytes as their formats define them, in hexadecimal */
const compressions: readonly Compression[] = [
  // the upper three bits of the flags are reserved
  { name: 'gzip', magic: /^1f8b08[01]/ },
  // block size, then the mark of a block, or of the end of an empty file
  { name: 'bzip2', magic: /^425a683[1-9](314159265359|177245385090)/ },
  {
    name: 'xz',
    magic: /^fd377a585a00/,
    options: '-T1',
    deviceOptions: '--single-stream',
    package: 'xz-utils',
  },
  { name: 'lzop', magic: /^894c5a4f000d0a1a0a/ },
  // of its own it refuses a window of more than 128 MiB, which `--long` makes; a frame to skip is what pzstd begins with
  { name: 'zstd', magic: /^(28b52ffd|5.2a4d18)/, options: '--memory=900MB' },
];

export function compressionOf(head: Buffer): Compression | undefined {
  return compressions.find(({ magic }) => magic.test(head.toString('hex')));
}

/** how the programs say that they unpacked all and that something else follows; the last is zstd */
const somethingBehind = /trailing garbage|unsupported format/;
/** the program's address space */
const mostMemoryKib = 1 << 20;
/** without a byte read or written for so long it is ended */
const stalledMs = 60_000;
const pollMs = 20;

export interface UnpackOptions {
  /** what the user calls the file */
  readonly label: string;
  /** for temporary files */
  readonly folder: string;
  /** of the programs that unpack */
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly onProgress?: OnProgress | undefined;
  /** use what could be unpacked of a damaged file */
  readonly salvage?: boolean | undefined;
}

export interface Decompression {
  /** of a temporary file that holds what is unpacked */
  readonly fd: number;
  /** settles when no more is unpacked: why that may not be all of it; only with `salvage` */
  readonly ended: Promise<string | undefined>;
  /** Ends the program: no more is needed. `ended` then names no problem. */
  readonly stop: () => void;
}

/** Starts it. `fd` stays open until it has ended. */
export function decompress(
  fd: number,
  offset: number,
  compression: Compression,
  options: UnpackOptions,
): Decompression {
  const output = temporaryFile(options.folder);
  const enough = new AbortController();
  const ended = decompressTo(output, fd, offset, compression, {
    ...options,
    enough: enough.signal,
  });
  ended.catch(() => undefined);
  return {
    fd: output,
    ended,
    stop: () => {
      enough.abort();
    },
  };
}

async function decompressTo(
  output: number,
  fd: number,
  offset: number,
  compression: Compression,
  options: UnpackOptions & { readonly enough: AbortSignal },
): Promise<string | undefined> {
  const { env, folder, label } = options;
  const input = openAt(fd, offset);
  const messages = temporaryFile(folder);
  try {
    // `ulimit -f` counts in units of 512 bytes, `-v` in KiB.
    const limits = `ulimit -f ${Math.floor(roomIn(folder) / 512)}; ulimit -v ${mostMemoryKib}`;
    const { options: usual = '', deviceOptions = '' } = compression;
    const programOptions = fstatSync(fd).isBlockDevice() ? `${usual} ${deviceOptions}` : usual;
    const child = await spawnProcess({
      program: '/bin/sh',
      args: ['-c', `${limits}; exec ${compression.name} ${programOptions} -dc <&3 >&4 2>&5`],
      cwd: folder,
      env: { ...env, LC_ALL: 'C' },
      outputPath: '/dev/null',
      sockets: 0,
      descriptors: [input, output, messages],
      supervise: false,
    });
    const status = await watched(child.exited, child.pid, { input, output }, options);
    if (options.enough.aborted) return undefined;
    const text = readFileSync(`/proc/self/fd/${messages}`, 'utf8').slice(-4096);
    const saidLines = text.trim().split('\n');
    const said = printableLine(saidLines.at(-1) ?? '');
    const isFollowed = somethingBehind.test(said);
    // lzop unpacks all parts and warns of it.
    const isWhole = status.code === 0 || said.includes('this is a multipart archive');
    if (isWhole && !isFollowed) return undefined;
    // A stream says itself whether it is complete. Of anything else what follows may be a part.
    if (isFollowed && startsStream(output)) return undefined;
    if (status.signal === 'SIGXFSZ' || /No space left|File too large/.test(said)) {
      throw tooLarge(label, folder);
    }
    if (status.code === 127) throw missing(label, compression);
    const how = `'${compression.name} -dc' ${describeExit(status)} (${printableLine(saidLines[0] ?? '') || 'it printed nothing'})`;
    if (/memory/i.test(text)) throw needsMemory(label, how);
    const problem = `compressed by ${compression.name} and damaged: ${how}`;
    if (options.salvage === true && fstatSync(output).size > 0) return problem;
    throw new HarnessError({
      code: 'image-broken',
      blame: 'contract',
      message: `${label} is ${problem}`,
      details: [
        'with --salvage, Drover reads what was unpacked before; --format raw takes the file as memory',
      ],
    });
  } finally {
    closeSync(input);
    closeSync(messages);
  }
}

/** Whether a migration stream is being unpacked: waits for its first bytes. */
export async function unpacksStream({ fd, ended }: Decompression): Promise<boolean> {
  for (let over = false; !over && fstatSync(fd).size < streamMagic.length;) {
    over = await Promise.race([ended.then(() => true), pause(pollMs).then(() => false)]);
  }
  return startsStream(fd);
}

/** A descriptor with a position of its own, which the program starts at, and which tells how far it is. */
function openAt(fd: number, offset: number): number {
  const input = openSync(`/proc/self/fd/${fd}`, 'r');
  const chunk = Buffer.alloc(1 << 16);
  for (let left = offset; left > 0;) {
    const got = readSync(input, chunk, 0, Math.min(left, chunk.length), null);
    if (got === 0) break;
    left -= got;
  }
  return input;
}

async function watched<T>(
  ended: Promise<T>,
  pid: number,
  { input, output }: { input: number; output: number },
  { label, signal, enough, onProgress }: UnpackOptions & { readonly enough: AbortSignal },
): Promise<T> {
  const total = sizeOf(input);
  let last = { position: -1, written: -1, sinceMs: performance.now() };
  for (;;) {
    const first = await Promise.race([ended.then((value) => ({ value })), pause(pollMs)]);
    if (first !== undefined) return first.value;
    const position = Number(
      /^pos:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${input}`, 'utf8'))?.[1],
    );
    const written = fstatSync(output).size;
    onProgress?.(position, total);
    if (position !== last.position || written !== last.written) {
      last = { position, written, sinceMs: performance.now() };
    }
    const stalled = performance.now() - last.sinceMs > stalledMs;
    if (!stalled && !signal.aborted && !enough.aborted) continue;
    killAll(pid, false);
    const value = await ended;
    if (signal.aborted) throw new Cancelled();
    if (enough.aborted) return value;
    throw timeoutError({
      waitedFor: `more of ${label} to be unpacked`,
      timeoutMs: stalledMs,
      lastSeen: `${position} of ${total} bytes read, ${written} bytes unpacked`,
      blame: 'host',
    });
  }
}

const streamMagic = 'QEVM';

function startsStream(fd: number): boolean {
  const head = Buffer.alloc(streamMagic.length);
  return readSync(fd, head, 0, head.length, 0) === head.length && head.toString() === streamMagic;
}

function needsMemory(label: string, how: string): HarnessError {
  return new HarnessError({
    code: 'image-unsupported',
    blame: 'usage',
    message: `${label} needs more memory to unpack than Drover allows, ${mostMemoryKib / 1024} MiB of address space: ${how}; unpack the file first`,
  });
}

function missing(label: string, { name, package: packageName = name }: Compression): HarnessError {
  return new HarnessError({
    code: 'source-unreadable',
    blame: 'host',
    message: `${label} is compressed by ${name}, and the program '${name}' was not found; install it (Debian: apt install ${packageName}) or unpack the file first`,
  });
}
