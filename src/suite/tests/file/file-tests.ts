/**
 * Migration to a file and back: plain, at an offset, through descriptors, and with pages at fixed
 * places.
 */
import { constants } from 'node:fs';
import { addToSet, requireSetsGone } from '../../../migration/descriptors.js';
import { backgroundSnapshot } from './background-snapshot.js';
import { checkFileOffset, fileOffset, prefillFile } from './file-offset.js';
import { requireElsewhere } from './ignore-shared.js';
import { requireLateLoad } from './late-load.js';
import type { Pair } from '../../../migration/pair.js';
import type { Need } from '../../../model/features.js';
import { fileTest, migrationTest } from '../../definition.js';
import type { TestDefinition } from '../../definition.js';
import { needsOf } from '../../needs.js';

const file = 'file:$DIR/migfile';
const atOffset = `${file},offset=${fileOffset}`;
const setId = 1;
const setAtOffset = `file:/dev/fdset/${setId},offset=${fileOffset}`;

const { O_DIRECT, O_RDONLY, O_WRONLY } = constants;

/**
 * Descriptors of the file in one set on each side: the source may only write, the destination only
 * read.
 */
async function fillSets(pair: Pair, extraFlags: readonly number[]): Promise<void> {
  prefillFile(pair);
  const path = pair.context.file('migfile');
  for (const flags of extraFlags) await addToSet(pair.source, setId, path, O_WRONLY | flags);
  for (const flags of extraFlags) await addToSet(pair.destination, setId, path, O_RDONLY | flags);
}

/** Earlier ones read two fields of a block in the wrong order, and fail. */
export const needsIgnoredBlocks: Need = {
  kind: 'behaviour',
  what: 'mapped-ram together with x-ignore-shared',
  witness: 'failing',
  since: '11.0',
};

const channels = ['multifd', 'mapped-ram'] as const;

export const fileTests: readonly TestDefinition[] = [
  fileTest({
    path: '/migration/precopy/file',
    level: 'smoke',
    connect: file,
  }),
  fileTest({
    path: '/migration/precopy/file/offset',
    level: 'full',
    connect: atOffset,
    live: true,
    startHook: prefillFile,
    writtenHook: checkFileOffset,
  }),
  fileTest({
    path: '/migration/precopy/file/offset/fdset',
    level: 'full',
    connect: setAtOffset,
    live: true,
    startHook: async (pair) => {
      await fillSets(pair, [0]);
    },
    writtenHook: checkFileOffset,
  }),
  fileTest({
    path: '/migration/precopy/file/offset/bad',
    level: 'full',
    // a hexadecimal number with a suffix is none
    connect: `${file},offset=0x20M`,
    live: true,
    startHook: prefillFile,
    expect: { kind: 'refused' },
  }),
  ...(['precopy', 'multifd'] as const).flatMap((folder) =>
    [false, true].map((live) =>
      fileTest({
        path: `/migration/${folder}/file/mapped-ram${live ? '/live' : ''}`,
        level: 'full',
        connect: file,
        capabilities: folder === 'multifd' ? channels : ['mapped-ram'],
        live,
      }),
    ),
  ),
  fileTest({
    path: '/migration/multifd/file/mapped-ram/dio',
    level: 'smoke',
    connect: file,
    capabilities: channels,
    parameters: { 'direct-io': true },
  }),
  fileTest({
    path: '/migration/multifd/file/mapped-ram/fdset',
    level: 'full',
    connect: setAtOffset,
    capabilities: channels,
    startHook: async (pair) => {
      await fillSets(pair, [0, 0]);
    },
    writtenHook: checkFileOffset,
    endHook: async (pair) => {
      await requireSetsGone(pair.source, setId);
    },
  }),
  fileTest({
    path: '/migration/multifd/file/mapped-ram/fdset/dio',
    level: 'full',
    connect: setAtOffset,
    capabilities: channels,
    parameters: { 'direct-io': true },
    startHook: async (pair) => {
      // exactly one of the two may be for direct I/O
      await fillSets(pair, [0, O_DIRECT]);
    },
    writtenHook: checkFileOffset,
    endHook: async (pair) => {
      await requireSetsGone(pair.source, setId);
    },
  }),
  fileTest({
    // without multifd, whatever the path says; the memory is private, so all of it is in the file
    path: '/migration/multifd/file/mapped-ram/ignore-shared',
    level: 'full',
    needs: [needsIgnoredBlocks],
    connect: file,
    capabilities: ['x-ignore-shared', 'mapped-ram'],
  }),
  fileTest({
    // here the memory is shared: both sides map it, and the file has a place for none of its pages
    path: '/migration/precopy/file/mapped-ram/ignore-shared',
    level: 'full',
    origin: 'drover',
    needs: [needsIgnoredBlocks],
    connect: file,
    memory: 'shmem',
    capabilities: ['x-ignore-shared', 'mapped-ram'],
    writtenHook: requireElsewhere,
  }),
  fileTest({
    // the guest runs at the destination before its memory is there: QEMU loads a page when it is touched
    path: '/migration/postcopy/file/mapped-ram',
    level: 'full',
    origin: 'drover',
    connect: file,
    live: true,
    sourceCapabilities: ['mapped-ram'],
    destinationCapabilities: ['mapped-ram', 'postcopy-ram'],
    endHook: requireLateLoad,
  }),
  migrationTest({
    path: '/migration/background-snapshot/file',
    level: 'full',
    origin: 'drover',
    needs: needsOf({ capabilities: ['background-snapshot'], connect: file }),
    // QEMU first sends what a writer waits for. So with many of them most pages are written before
    // their turn would come, and one that QEMU forgot to protect shows.
    guest: { writers: 8 },
    run: backgroundSnapshot,
  }),
];
