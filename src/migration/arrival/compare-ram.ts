/** All RAM of two stopped machines, block by block, read from outside both QEMUs. */
import { HarnessError } from '../../model/errors.js';
import { counted, hex } from '../../model/text/format.js';
import { openStoppedProcess } from '../../memory/image.js';
import type { MemoryImage } from '../../memory/image.js';
import type { NativeDifference } from '../../native/image-addon.js';
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
  /** differences that are no fault, one sentence each */
  readonly expected: readonly string[];
  readonly notCompared: readonly string[];
}

const pageBytes = 4096;
/** runs of differing pages that are listed of a block */
const mostRuns = 8;

export async function compareRam(
  source: TestMachine,
  destination: TestMachine,
): Promise<RamComparison> {
  const [ours, theirs] = await Promise.all([source, destination].map(blocksOf));
  const others = new Map((theirs ?? []).map((block) => [block.name, block]));
  const differences: string[] = [];
  const expected: string[] = [];
  const notCompared: string[] = [];
  const pairs: [RamBlockPlace, RamBlockPlace][] = [];
  for (const block of ours ?? []) {
    const other = others.get(block.name);
    others.delete(block.name);
    const name = `RAM block ${block.name}`;
    if (other === undefined) differences.push(`${name} is only at the source`);
    else if (other.usedBytes !== block.usedBytes) {
      const [here, there] = [block, other].map(({ usedBytes }) => counted(usedBytes, 'byte'));
      differences.push(
        `${name} has ${here ?? ''} at the source, ${there ?? ''} at the destination`,
      );
    } else if (block.hostAddress === undefined || other.hostAddress === undefined) {
      notCompared.push(`${name}: this QEMU does not say where it lies`);
    } else pairs.push([block, other]);
  }
  for (const name of others.keys())
    differences.push(`RAM block ${name} is only at the destination`);
  try {
    using first = imageOf(
      source,
      pairs.map(([block]) => block),
    );
    using second = imageOf(
      destination,
      pairs.map(([, block]) => block),
    );
    for (const [index, [{ name }]] of pairs.entries()) {
      const length = first.blocks[index]?.length ?? 0;
      const request = {
        ...{ firstBlock: index, firstStart: 0, secondBlock: index, secondStart: 0 },
        ...{ length, limit: mostRuns },
      };
      const found = await first.diff(second, request, { signal: source.context.signal });
      if (found.differentPages === 0) continue;
      const reasons = found.pages === 1 ? await reasonsOf(name, [first, second], index) : undefined;
      if (reasons !== undefined) {
        expected.push(...reasons.map((reason) => `RAM block ${name}: ${reason}`));
        continue;
      }
      const more = found.differentRuns - found.runs.length;
      differences.push(
        `RAM block ${name}: ${found.differentPages} of ${counted(found.pages, 'page')} differ`,
        ...found.runs.map(runText),
        ...(more > 0 ? [`  and ${counted(more, 'more run')}`] : []),
      );
    }
  } catch (error) {
    if (!(error instanceof HarnessError && error.code === 'process-memory-denied')) throw error;
    notCompared.push(`RAM: ${error.message}`);
    return { blocks: 0, ramBytes: 0, differences, expected, notCompared };
  }
  const ramBytes = pairs.reduce((sum, [{ usedBytes }]) => sum + usedBytes, 0);
  return { blocks: pairs.length, ramBytes, differences, expected, notCompared };
}

async function reasonsOf(
  name: string,
  [a, b]: readonly [MemoryImage, MemoryImage],
  block: number,
): Promise<string[] | undefined> {
  const length = bytesForReason(name);
  if (length === undefined) return undefined;
  const [first, second] = [
    await a.readBytes(block, 0, length),
    await b.readBytes(block, 0, length),
  ];
  return ramReasonsFor(name, first, second);
}

function runText({ start, pages, byteOffset, first, second }: NativeDifference): string {
  const at = hex(start + (byteOffset ?? 0));
  const [here, there] = [first, second].map((value) => (value === null ? '?' : hex(value)));
  return `  ${counted(pages, 'page')} from offset ${hex(start)}; the first difference is at ${at}: ${here ?? '?'} at the source, ${there ?? '?'} at the destination`;
}

/** Of a QEMU that does not say where blocks lie, main memory is found by its guest address. */
async function blocksOf(machine: TestMachine): Promise<RamBlockPlace[]> {
  const { spec, qmp, context } = machine;
  const blocks = await listRamBlocks(qmp, context.signal);
  const [first] = spec.ramRegions;
  if (first === undefined || blocks.every(({ hostAddress }) => hostAddress !== undefined)) {
    return blocks;
  }
  const hostAddress = await hostAddressOf({ spec, qmp, signal: context.signal }, first.address);
  return blocks.map((block) => (block.name === mainBlockName ? { ...block, hostAddress } : block));
}

function imageOf({ pid }: TestMachine, blocks: readonly RamBlockPlace[]): MemoryImage {
  const regions = blocks.map(({ offset, usedBytes, hostAddress = 0n }) => ({
    address: offset,
    size: Math.ceil(usedBytes / pageBytes) * pageBytes,
    hostAddress,
  }));
  return openStoppedProcess(pid, regions, pageBytes);
}
