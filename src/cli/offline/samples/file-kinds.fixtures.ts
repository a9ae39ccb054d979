/**
 * Files of every kind that the offline commands meet, whole and damaged: what to give a command as
 * SOURCE.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { sampleNamed, unpack, unpackCase } from '../../../memory/samples.fixtures.js';
import { elfCore, kdump, limeFile, winDump } from './dumps.fixtures.js';

export interface FileKind {
  readonly name: string;
  /** SOURCE arguments, made in this folder */
  readonly make: (folder: string) => readonly string[];
  /** a stream with device state and no RAM: scan and export refuse it */
  readonly devicesAlone?: boolean;
}

const pageBytes = 4096;

const sample = (name: string, file: string): FileKind => ({
  name,
  make: (folder) => unpack(sampleNamed(file), folder),
});
const fromCase = (name: string, file: string): FileKind => ({
  name,
  make: (folder) => [unpackCase(file, folder)],
});

/** A file that is made of bytes of another. */
function changed(name: string, from: FileKind, change: (bytes: Buffer) => Buffer): FileKind {
  return {
    name,
    make: (folder) => {
      const [file = ''] = from.make(folder);
      writeFileSync(file, change(readFileSync(file)));
      return [file];
    },
  };
}

function made(name: string, content: Buffer | string): FileKind {
  return {
    name,
    make: (folder) => {
      const file = path.join(folder, 'file');
      writeFileSync(file, content);
      return [file];
    },
  };
}

function packed(program: string, suffix: string): FileKind {
  return {
    name: `compressed by ${program}`,
    make: (folder) => {
      const [file = ''] = plain.make(folder);
      const ran = spawnSync(program, ['-q', '-k', file]);
      if (ran.status !== 0) throw new Error(`${program}: ${ran.stderr.toString()}`);
      return [`${file}.${suffix}`];
    },
  };
}

const libvirtHeaderEnd = 65_673;

/** The stream of a libvirt save image, compressed as libvirt does it, behind the same header. */
function packedSave(program: string, format: number): FileKind {
  return {
    name: `libvirt save image, ${program}`,
    make: (folder) => {
      const file = unpackCase('libvirt-raw.save', folder);
      const bytes = readFileSync(file);
      const input = bytes.subarray(libvirtHeaderEnd);
      const ran = spawnSync(program, ['-c'], { input, maxBuffer: 2 ** 27 });
      if (ran.status !== 0) throw new Error(`${program}: ${ran.stderr.toString()}`);
      bytes.writeUInt32LE(format, 28);
      writeFileSync(file, Buffer.concat([bytes.subarray(0, libvirtHeaderEnd), ran.stdout]));
      return [file];
    },
  };
}

const half = (bytes: Buffer): Buffer => bytes.subarray(0, bytes.length >> 1);
const flipped = (bytes: Buffer, at: number): Buffer => {
  const other = Buffer.from(bytes);
  other[at] = 0xff ^ (other[at] ?? 0);
  return other;
};

const plain = sample('stream', 'q72-exec-plain');
const mapped = sample('stream, mapped-ram', 'q102-mapped');
const elf = sample('ELF dump', 'q72-dump-elf');
const packedDump = sample('kdump, zlib', 'q72-dump-kdump-zlib');
const zstdSave = fromCase('libvirt save image, zstd', 'libvirt-zstd.save');
const snapshot = fromCase('snapshot in a qcow2 image', 'snapshot-4k-clusters.qcow2');
const page = Buffer.alloc(pageBytes, 7);

export const fileKinds: readonly FileKind[] = [
  plain,
  sample('stream behind a prefix', 'q72-fd-prefix'),
  sample('stream, compress', 'q72-compress'),
  sample('stream without a description', 'q72-novmdesc'),
  sample('stream, RAM in two pieces', 'q102-high-split'),
  sample('stream of a running guest', 'q72-live-plain'),
  sample('stream, background snapshot', 'q102-bgsnap'),
  sample('stream, postcopy', 'q102-postcopy'),
  sample('stream, block migration', 'q72-block-dbm'),
  sample('stream, aarch64', 'q72-aarch64-virt'),
  sample('stream, arm, pages of 1 KiB', 'q72-arm-1kpages'),
  sample('stream, ppc64', 'q72-pseries'),
  fromCase('stream, two NUMA nodes', 'numa.mig'),
  fromCase('stream, UEFI variables', 'uefi-vars.mig'),
  { ...fromCase('stream, device state alone', 'devices-alone.mig'), devicesAlone: true },
  sample('stream, x-ignore-shared', 'q102-ignore-shared'),
  mapped,
  sample('stream, mapped-ram, direct-io', 'q102-mapped-mfd-dio'),
  fromCase('stream, mapped-ram, x-ignore-shared', 'mapped-ram-ignore-shared.mig'),
  sample('mapped-ram background snapshot without bitmaps', 'q102-mapped-bgsnap.mig'),
  sample('multifd, three files', 'q102-mfd-none'),
  sample('multifd, zlib', 'q102-mfd-zlib'),
  sample('multifd, zstd', 'q72-mfd-zstd'),
  {
    name: 'multifd, a channel alone',
    make: (folder) => unpack(sampleNamed('q102-mfd-none'), folder).slice(1, 2),
  },
  {
    name: 'multifd, the main stream alone',
    make: (folder) => unpack(sampleNamed('q102-mfd-none'), folder).slice(0, 1),
  },
  elf,
  fromCase('ELF dump with paging', 'elf-paging-direct.elf'),
  packedDump,
  sample('kdump, zlib, not flattened', 'q102-dump-kdump-raw-zlib'),
  made('kdump, pages left out', kdump(8, page, [0, 1, 5], [2, 3])),
  made(
    'ELF dump, part of a page',
    elfCore([{ address: 0, data: Buffer.alloc(pageBytes + 100, 7), memoryBytes: 2 * pageBytes }]),
  ),
  made(
    'LiME file',
    limeFile([
      [0, page],
      [3 * pageBytes, page],
    ]),
  ),
  made('LiME file, cut within a page', limeFile([[0, page]]).subarray(0, 32 + pageBytes / 2)),
  made(
    'Windows crash dump',
    winDump([
      [0, page],
      [3, page],
    ]),
  ),
  made('Windows crash dump, cut in half', half(winDump([[0, Buffer.alloc(8 * pageBytes, 7)]]))),
  sample('raw memory', 'q72-pmemsave.raw'),
  fromCase('libvirt save image, raw', 'libvirt-raw.save'),
  packedSave('gzip', 1),
  packedSave('bzip2', 2),
  packedSave('xz', 3),
  packedSave('lzop', 4),
  zstdSave,
  snapshot,
  ...[
    ['gzip', 'gz'],
    ['bzip2', 'bz2'],
    ['xz', 'xz'],
    ['lzop', 'lzo'],
    ['zstd', 'zst'],
  ].map(([program = '', suffix = '']) => packed(program, suffix)),
  sample('stream, cancelled half way', 'q102-cancel-plain.mig'),
  sample('stream, source killed', 'q72-killed-plain.mig'),
  changed('stream, cut in half', plain, half),
  changed('stream, one byte of its head wrong', plain, (bytes) => flipped(bytes, 9)),
  changed('stream, device state cut', plain, (bytes) => bytes.subarray(0, bytes.length - 10)),
  changed('mapped-ram, cut in half', mapped, half),
  changed('ELF dump, cut in half', elf, half),
  changed('kdump, cut in half', packedDump, half),
  changed('libvirt save image, cut in half', zstdSave, half),
  changed('qcow2 image, cut in half', snapshot, half),
  changed('compressed file, cut in half', packed('gzip', 'gz'), half),
  made('ELF program, no core', readFileSync(process.execPath).subarray(0, 65_536)),
  made('text', 'This is no memory at all.\n'),
  made('zeroes', Buffer.alloc(64 * pageBytes)),
  made('empty file', ''),
  {
    name: 'folder',
    make: (folder) => {
      const inner = path.join(folder, 'folder');
      mkdirSync(inner);
      return [inner];
    },
  },
  { name: 'nothing of that name', make: (folder) => [path.join(folder, 'nothing')] },
];
