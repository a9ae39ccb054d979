/**
 * What a SOURCE argument names, down to the file that the memory engine reads: standard input and pipes are copied,
 * libvirt's save images, snapshots of qcow2 images and compressed files are unpacked, one inside the other as well.
 */
import { closeSync, constants, existsSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { isatty } from 'node:tty';
import { unreadable, usage } from '../bad-source.js';
import { compressionOf, decompress, unpacksStream } from './compressed.js';
import type { UnpackOptions } from './compressed.js';
import { readLibvirtSave } from './libvirt-save.js';
import type { LibvirtSave } from './libvirt-save.js';
import { Qcow2 } from './qcow2.js';
import type { Snapshot } from './qcow2.js';
import { spool } from './temporary-file.js';

export type Container =
  | ({ readonly kind: 'libvirt save image' } & LibvirtSave)
  | { readonly kind: 'compressed file'; readonly compression: string }
  | { readonly kind: 'prefix'; readonly bytes: number }
  | {
      readonly kind: 'qcow2 image';
      readonly snapshot: Snapshot;
      readonly snapshots: readonly Snapshot[];
    };

export interface UnpackedFile extends Disposable {
  /** open for reading */
  readonly fd: number;
  /** where its content starts, where a container says so */
  readonly offset: number | undefined;
  /** the outermost first; empty for a plain file */
  readonly containers: readonly Container[];
  /** settles when the content is complete: why it may not be whole */
  readonly complete: Promise<string | undefined>;
  /** it may be read before it is complete, see `follow` */
  readonly growing: boolean;
  /** Where it is growing: no more of it is needed. */
  readonly stop: () => void;
}

/** a file in a file in a file; deeper ones are hostile */
const mostLayers = 4;
const streamStart = Buffer.from('5145564d00000003', 'hex');
/** libvirt's sparse format starts the stream behind its XML, at a boundary of its choice */
const mostPaddingBytes = 4 * 1024 * 1024;
/** how far into a file a stream is looked for */
const mostPrefixBytes = 16 * 1024 * 1024;

/**
 * Opens `word`: a path, `-` for standard input, or FILE#SNAPSHOT. `plain` looks for no containers. With `follow` a
 * migration stream is given back while it is still being unpacked: the caller waits for `complete`.
 * @throws HarnessError
 */
export async function unpack(
  word: string,
  options: UnpackOptions & { readonly plain: boolean; readonly follow?: boolean },
): Promise<UnpackedFile> {
  const { file, snapshot } = split(word);
  const kept: number[] = [];
  const containers: Container[] = [];
  let problem: string | undefined;
  let unpacking: Promise<string | undefined> | undefined;
  let growing = false;
  let stop = (): void => undefined;
  const keep = (fd: number): number => {
    kept.push(fd);
    return fd;
  };
  try {
    if (file === '-' && isatty(0)) {
      throw usage('-: standard input is a terminal; name a file, or pipe one in');
    }
    const about = file === '-' ? fstatSync(0) : statSync(file);
    let fd: number;
    if (about.isFIFO()) {
      // Of a pipe without a name somebody has been the writer.
      const named = !/^(-|\/dev\/fd\/.*|\/dev\/stdin|\/proc\/.*)$/.test(file);
      fd = keep(await spool(file === '-' ? '/proc/self/fd/0' : file, { ...options, named }));
    } else if (about.isFile() || about.isBlockDevice()) {
      fd = file === '-' ? 0 : keep(openFile(file, word));
    } else {
      const what = about.isDirectory()
        ? 'a folder'
        : about.isSocket()
          ? "a socket (put 'cat |' before drover)"
          : 'a device that holds no file';
      throw usage(`${word}: is ${what}; expected a file, a block device or a pipe`);
    }
    let offset: number | undefined;
    while (!options.plain && containers.length < mostLayers) {
      const qcow2 = offset === undefined ? Qcow2.open(fd, options.label) : undefined;
      if (qcow2 !== undefined) {
        const chosen = qcow2.find(snapshot);
        containers.push({ kind: 'qcow2 image', snapshot: chosen, snapshots: qcow2.snapshots });
        const state = await qcow2.extract(chosen, options);
        fd = keep(state.fd);
        problem ??= state.problem;
        continue;
      }
      const save = offset === undefined ? readLibvirtSave(fd, options.label) : undefined;
      if (save !== undefined) {
        containers.push({ kind: 'libvirt save image', ...save });
        if (!save.complete) problem = 'libvirt marks the save image as incomplete';
        offset = save.dataEnd + (save.compression === 'sparse' ? paddingAt(fd, save.dataEnd) : 0);
      }
      const compression = compressionOf(readAt(fd, offset ?? 0, 16));
      if (compression === undefined) {
        const bytes = offset ?? streamBehindPrefix(fd, word);
        if (bytes === undefined || offset !== undefined) break;
        containers.push({ kind: 'prefix', bytes });
        offset = bytes;
        break;
      }
      containers.push({ kind: 'compressed file', compression: compression.name });
      const unpacked = decompress(fd, offset ?? 0, compression, options);
      unpacking = unpacked.ended;
      stop = unpacked.stop;
      fd = keep(unpacked.fd);
      offset = undefined;
      growing =
        options.follow === true && snapshot === undefined && (await unpacksStream(unpacked));
      if (growing) break;
      problem ??= await unpacking;
    }
    if (snapshot !== undefined && !containers.some(({ kind }) => kind === 'qcow2 image')) {
      throw usage(
        options.plain
          ? `${word}: FILE#NAME is for a qcow2 image; leave out --format and --offset, which take the file as it is`
          : `${word}: FILE#NAME chooses a snapshot of a qcow2 image, and ${file} is none`,
      );
    }
    return {
      fd,
      offset,
      containers,
      complete: Promise.resolve(unpacking).then((found) => problem ?? found),
      growing,
      stop,
      [Symbol.dispose]: () => {
        for (const each of kept) closeSync(each);
      },
    };
  } catch (error) {
    await Promise.allSettled([unpacking]);
    for (const each of kept) closeSync(each);
    throw error;
  }
}

function openFile(file: string, word: string): number {
  try {
    return openSync(file, constants.O_RDONLY);
  } catch (cause) {
    throw unreadable(word, cause);
  }
}

/** A file's own name may hold a `#`, and so may a snapshot's: the longest part that exists is the file. */
export function split(word: string): { file: string; snapshot?: string | undefined } {
  const last = word.lastIndexOf('#');
  if (last <= 0 || existsSync(word)) return { file: word };
  for (let at = last; at > 0; at = word.lastIndexOf('#', at - 1)) {
    if (existsSync(word.slice(0, at)))
      return { file: word.slice(0, at), snapshot: word.slice(at + 1) };
  }
  return { file: word.slice(0, last), snapshot: word.slice(last + 1) };
}

function readAt(fd: number, offset: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  return buffer.subarray(0, readSync(fd, buffer, 0, bytes, offset));
}

function paddingAt(fd: number, offset: number): number {
  return Math.max(readAt(fd, offset, mostPaddingBytes).indexOf(streamStart), 0);
}

/** What other formats start with: they hold streams only by chance. */
const otherFormats = [
  'QEVM',
  '\x7fELF',
  'KDUMP',
  'makedumpfile',
  'DISKDUMP',
  'PAGEDU',
  'EMiL',
  'AVML',
  '\x11\x22\x33\x44',
  // lz4
  '\x04\x22\x4d\x18',
];
/** The elements that a stream begins with. */
const element = { sectionStart: 1, full: 4, subsection: 5, configuration: 7, command: 8 };
const newestRamVersion = 4;

/** A stream's header, and behind it what a stream begins with: its header alone is in compressed ones, too. */
function isStreamStart(head: Buffer): boolean {
  let at = streamStart.length;
  const name = (lengthBytes: 1 | 4): string | undefined => {
    const length = head.readUIntBE(at, lengthBytes);
    const text = head.toString('latin1', at + lengthBytes, at + lengthBytes + length);
    at += lengthBytes + length;
    return /^[ -~]{1,255}$/.test(text) && text.length === length ? text : undefined;
  };
  if (head[at] === element.configuration) {
    at += 1;
    if (name(4) === undefined) return false;
  }
  const next = head[at];
  if (next === element.command || next === element.subsection) return true;
  if (next !== element.sectionStart && next !== element.full) return false;
  at += 1 + 4;
  const section = name(1);
  return (
    section !== undefined && (section !== 'ram' || head.readUInt32BE(at + 4) <= newestRamVersion)
  );
}
/** enough for that, and not read where the file ends */
const mostHeadBytes = 1024;

/** Where a stream starts, as `migrate` to file: with an offset writes it. @throws HarnessError when there are several */
function streamBehindPrefix(fd: number, word: string): number | undefined {
  const start = readAt(fd, 0, mostPrefixBytes);
  const head = start.toString('latin1', 0, 16);
  if (otherFormats.some((magic) => head.startsWith(magic))) return undefined;
  const found: number[] = [];
  for (let at = start.indexOf(streamStart); at >= 0; at = start.indexOf(streamStart, at + 1)) {
    const head = Buffer.alloc(mostHeadBytes);
    start.copy(head, 0, at);
    if (isStreamStart(head)) found.push(at);
  }
  if (found.length < 2) return found[0];
  throw usage(
    `${word}: several migration streams may start in it, at offsets ${found.slice(0, 8).join(', ')}; choose one by --offset, or read the file as memory by --format raw`,
  );
}
