/** All RAM of two stopped machines, block by block, read from outside both QEMUs. */
import { readFileSync } from 'node:fs';
import { both } from '../../model/both.js';
import { HarnessError } from '../../model/errors.js';
import { counted, hex } from '../../model/text/format.js';
import { printableLine } from '../../model/text/printable.js';
import { openStoppedProcess } from '../../memory/image.js';
import { readMaps } from '../../memory/process-maps.js';
import type { ProcessMapping } from '../../memory/process-maps.js';
import type { MemoryImage } from '../../memory/image.js';
import type { NativeDiff, NativeDifference } from '../../native/image-addon.js';
import { mainBlockName } from '../../model/command-line.js';
import { hostAddressOf } from '../../qemu/ram.js';
import { listRamBlocks } from '../../qemu/ram-blocks.js';
import type { RamBlockPlace } from '../../qemu/ram-blocks.js';
import type { TestMachine } from '../context.js';
import { bytesForReason, ramReasonsFor } from './expected-differences.js';

export interface RamComparison {
  readonly blocks: number;
  readonly ramBytes: number;
  readonly differences: readonly string[];
  /** the first pages that differ of each block, as data */
  readonly runs: readonly DifferingPages[];
  /** differences that are no fault, one sentence each */
  readonly expected: readonly string[];
  readonly notCompared: readonly string[];
}

/** Neighbouring pages that differ. */
export interface DifferingPages {
  readonly block: string;
  /** bytes, in the block */
  readonly start: number;
  readonly end: number;
}

const pageBytes = 4096;
/** runs of differing pages that are listed of a block */
const mostRuns = 8;

export async function compareRam(
  source: TestMachine,
  destination: TestMachine,
): Promise<RamComparison> {
  const [ours, theirs] = await both(blocksOf(source), blocksOf(destination));
  return await compareBlocks(
    { pid: source.pid, blocks: ours },
    { pid: destination.pid, blocks: theirs },
    source.context.signal,
  );
}

/** a stopped QEMU, and where its RAM lies in it */
export interface RamOfProcess {
  readonly pid: number;
  readonly blocks: readonly RamBlockPlace[];
}

async function compareBlocks(
  source: RamOfProcess,
  destination: RamOfProcess,
  signal: AbortSignal,
): Promise<RamComparison> {
  try {
    using first = openBlocks(source);
    using second = openBlocks(destination);
    return await compareSides(first, second, signal);
  } catch (error) {
    if (!(error instanceof HarnessError && error.code === 'process-memory-denied')) throw error;
    const notCompared = [`RAM: ${error.message}`];
    return { blocks: 0, ramBytes: 0, differences: [], runs: [], expected: [], notCompared };
  }
}

/** the RAM of one side, block by block */
export interface SideRam extends Disposable {
  readonly image: MemoryImage;
  /** `index`: of the block in the image; undefined where it cannot be read, and why */
  readonly blocks: readonly SideBlock[];
}

export interface SideBlock {
  readonly name: string;
  readonly usedBytes: number;
  readonly index: number | undefined;
  readonly problem?: string;
  /** where it lies in a file or shared memory, if it does */
  readonly file?: string | undefined;
}

/** Blocks of a running process that nobody changes; those without an address cannot be read. */
export function openBlocks({ pid, blocks }: RamOfProcess): SideRam {
  const known = blocks.filter(({ hostAddress }) => hostAddress !== undefined);
  const regions = known.map(({ offset, usedBytes, hostAddress = 0n }) => ({
    address: offset,
    size: Math.ceil(usedBytes / pageBytes) * pageBytes,
    hostAddress,
  }));
  const image = openStoppedProcess(pid, regions, pageBytes);
  const maps = readMaps(readFileSync(`/proc/${pid}/maps`, 'utf8'));
  return {
    image,
    blocks: blocks.map((block) => {
      const { name, usedBytes } = block;
      const index = known.indexOf(block);
      if (index >= 0) return { name, usedBytes, index, file: placeInFile(maps, block) };
      return { name, usedBytes, index: undefined, problem: 'this QEMU does not say where it lies' };
    }),
    [Symbol.dispose]() {
      image[Symbol.dispose]();
    },
  };
}

function placeInFile(
  maps: readonly ProcessMapping[],
  { hostAddress = 0n }: RamBlockPlace,
): string | undefined {
  const found = maps.find(
    ({ start, sizeBytes }) => hostAddress >= start && hostAddress < start + BigInt(sizeBytes),
  );
  if (found?.shared !== true || found.inode === 0) return undefined;
  const { device, inode, offset, start } = found;
  return `${device} ${inode} ${BigInt(offset) + hostAddress - start}`;
}

/** Blocks are matched by name and size. */
export async function compareSides(
  source: SideRam,
  destination: SideRam,
  signal: AbortSignal,
): Promise<RamComparison> {
  const others = new Map(destination.blocks.map((block) => [block.name, block]));
  const differences: string[] = [];
  const runs: DifferingPages[] = [];
  const expected: string[] = [];
  const notCompared: string[] = [];
  let [blocks, ramBytes] = [0, 0];
  for (const block of source.blocks) {
    const other = others.get(block.name);
    others.delete(block.name);
    const name = `RAM block ${printableLine(block.name)}`;
    const problem = block.problem ?? other?.problem;
    if (other === undefined) differences.push(`${name} is only at the source`);
    else if (other.usedBytes !== block.usedBytes) {
      const [here, there] = [block, other].map(({ usedBytes }) => counted(usedBytes, 'byte'));
      differences.push(
        `${name} has ${here ?? ''} at the source, ${there ?? ''} at the destination`,
      );
    } else if (block.index === undefined || other.index === undefined) {
      notCompared.push(`${name}: ${problem ?? 'it cannot be read'}`);
    } else if (block.file !== undefined && block.file === other.file) {
      notCompared.push(`${name}: both sides map the same memory, so it cannot differ`);
    } else {
      const request = {
        ...{ firstBlock: block.index, firstStart: 0, secondBlock: other.index, secondStart: 0 },
        ...{ length: source.image.blocks[block.index]?.length ?? 0, limit: mostRuns },
      };
      const found = await source.image.diff(destination.image, request, { signal });
      blocks += 1;
      ramBytes += block.usedBytes;
      if (found.absentInBoth > 0) {
        notCompared.push(
          `${name}: ${counted(found.absentInBoth, 'page')}, which neither side holds`,
        );
      }
      if (found.differentPages === 0) continue;
      const reasons =
        found.pages === 1 ? await reasonsOf(block, source, other, destination) : undefined;
      if (reasons === undefined) {
        differences.push(...differenceLines(name, found));
        runs.push(...found.runs.map(({ start, end }) => ({ block: block.name, start, end })));
      } else expected.push(...reasons.map((reason) => `${name}: ${reason}`));
    }
  }
  for (const name of others.keys())
    differences.push(`RAM block ${printableLine(name)} is only at the destination`);
  return { blocks, ramBytes, differences, runs, expected, notCompared };
}

function differenceLines(name: string, found: NativeDiff): string[] {
  const more = found.differentRuns - found.runs.length;
  return [
    `${name}: ${found.differentPages} of ${counted(found.pages, 'page')} differ`,
    ...found.runs.map(runText),
    ...(more > 0 ? [`  and ${counted(more, 'more run')}`] : []),
  ];
}

/** Why a difference between two blocks is no fault; undefined where it is one. */
async function reasonsOf(
  block: SideBlock,
  { image: a }: SideRam,
  other: SideBlock,
  { image: b }: SideRam,
): Promise<string[] | undefined> {
  const length = bytesForReason(block.name);
  if (length === undefined || block.index === undefined || other.index === undefined) {
    return undefined;
  }
  return ramReasonsFor(
    block.name,
    await a.readBytes(block.index, 0, length),
    await b.readBytes(other.index, 0, length),
  );
}

function runText({ start, pages, byteOffset, first, second }: NativeDifference): string {
  const at = hex(start + (byteOffset ?? 0));
  const [here, there] = [first, second].map((value) => (value === null ? '?' : hex(value)));
  return `  ${counted(pages, 'page')} from offset ${hex(start)}; the first difference is at ${at}: ${here ?? '?'} at the source, ${there ?? '?'} at the destination`;
}

/** Of a QEMU that does not say where blocks lie, main memory is found by its guest address. */
export async function blocksOf(machine: TestMachine): Promise<RamBlockPlace[]> {
  const { spec, qmp, context } = machine;
  const blocks = await listRamBlocks(qmp, context.signal);
  const [first] = spec.ramRegions;
  if (first === undefined || blocks.every(({ hostAddress }) => hostAddress !== undefined)) {
    return blocks;
  }
  const hostAddress = await hostAddressOf({ spec, qmp, signal: context.signal }, first.address);
  return blocks.map((block) => (block.name === mainBlockName ? { ...block, hostAddress } : block));
}
