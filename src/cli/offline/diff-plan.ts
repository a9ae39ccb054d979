/** What of two images is compared with what. Pure. */
import { HarnessError } from '../../model/errors.js';
import type { NativeBlock, NativeDiffRequest } from '../../native/image-addon.js';
import { blockNamed } from './scan-request.js';
import { formatRange } from '../../model/text/sizes.js';
import { counted } from '../../model/text/format.js';
import type { Range } from '../../model/text/sizes.js';
import { showName } from './offline-output.js';

export interface ImageShape {
  readonly label: string;
  readonly format: string;
  readonly machine: string | null;
  readonly blocks: readonly NativeBlock[];
}

export interface Comparison {
  /** for people: a block, or guest memory */
  readonly what: string;
  /** what addresses in the answer are */
  readonly addresses: 'guest' | 'block';
  readonly request: NativeDiffRequest;
}

export interface DiffPlan {
  readonly comparisons: readonly Comparison[];
  /** differences that need no look at pages */
  readonly missing: readonly string[];
  /** what is left out on purpose */
  readonly notes: readonly string[];
}

export interface DiffWish {
  readonly ranges: readonly Range[];
  readonly block: string | undefined;
}

export function diffPlan(a: ImageShape, b: ImageShape, wish: DiffWish): DiffPlan {
  if (wish.block !== undefined) return { ...oneBlock(a, b, wish.block, wish.ranges), notes: [] };
  if (wish.ranges.length > 0) {
    return { comparisons: wish.ranges.map(guestMemory), missing: [], notes: [] };
  }
  return a.format === 'stream' && b.format === 'stream' ? byName(a, b) : byAddress(a, b);
}

function guestMemory(range: Range): Comparison {
  return {
    what: `guest memory ${formatRange(range)}`,
    addresses: 'guest',
    request: {
      firstBlock: null,
      firstStart: range.start,
      secondBlock: null,
      secondStart: range.start,
      length: range.end - range.start,
    },
  };
}

function blockPair(name: string, first: number, second: number, range: Range): Comparison {
  return {
    what: `block ${showName(name)}`,
    addresses: 'block',
    request: {
      firstBlock: first,
      firstStart: range.start,
      secondBlock: second,
      secondStart: range.start,
      length: range.end - range.start,
    },
  };
}

function oneBlock(
  a: ImageShape,
  b: ImageShape,
  name: string,
  ranges: readonly Range[],
): Omit<DiffPlan, 'notes'> {
  const first = blockNamed(a.blocks, name);
  const second = blockNamed(b.blocks, name);
  if (ranges.length === 0) return sameName(a, b, name, first, second);
  return { comparisons: ranges.map((range) => blockPair(name, first, second, range)), missing: [] };
}

function sameName(
  a: ImageShape,
  b: ImageShape,
  name: string,
  first: number,
  second: number,
): Omit<DiffPlan, 'notes'> {
  const [one, other] = [a.blocks[first], b.blocks[second]];
  const lengths = [one?.length ?? 0, other?.length ?? 0] as const;
  const range = { start: 0, end: Math.min(...lengths) };
  const missing: string[] = [];
  if (lengths[0] !== lengths[1]) {
    missing.push(`block ${showName(name)}: ${lengths[0]} bytes in A, ${lengths[1]} in B`);
  }
  return { comparisons: range.end === 0 ? [] : [blockPair(name, first, second, range)], missing };
}

/** Two streams name their blocks, and one machine's blocks have the same names everywhere. */
function byName(a: ImageShape, b: ImageShape): DiffPlan {
  const comparisons: Comparison[] = [];
  const missing: string[] = [];
  const notes: string[] = [];
  a.blocks.forEach((block, first) => {
    const name = showName(block.name);
    const second = b.blocks.findIndex((other) => other.name === block.name);
    if (second < 0) missing.push(`block ${name} is only in A`);
    else if (block.contentElsewhere || b.blocks[second]?.contentElsewhere === true) {
      notes.push(
        `block ${name} is not compared: its content is not in the stream (x-ignore-shared)`,
      );
    } else {
      const pair = sameName(a, b, block.name, first, second);
      comparisons.push(...pair.comparisons);
      missing.push(...pair.missing);
    }
  });
  for (const { name } of b.blocks) {
    if (!a.blocks.some((block) => block.name === name)) {
      missing.push(`block ${showName(name)} is only in B`);
    }
  }
  return { comparisons, missing, notes };
}

/** A PC shows VGA and ROM here, and so do dumps of what its processor sees; streams have the RAM behind. */
const shadowed: Range = { start: 0xa0000, end: 0x100000 };

/** Dumps and raw memory know guest addresses only: compared is what both hold. */
function byAddress(a: ImageShape, b: ImageShape): DiffPlan {
  const notes: string[] = [];
  const missing: string[] = [];
  let common = intersect(placesOf(a), placesOf(b));
  const streams = [a, b].filter(({ format }) => format === 'stream');
  if (streams.length === 1 && /^(pc|q35|isapc|microvm)/.test(streams[0]?.machine ?? '')) {
    const without = common.flatMap((range) => subtract(range, shadowed));
    if (bytesIn(without) < bytesIn(common)) {
      notes.push(
        `not compared: ${formatRange(shadowed)}, where a PC shows ROM and VGA instead of RAM (--range can ask for it)`,
      );
    }
    common = without;
  }
  if (common.length === 0) {
    throw new HarnessError({
      code: 'nothing-in-common',
      blame: 'usage',
      message: 'A and B have no guest address in common: nothing to compare',
      details: [
        ...describe('A', a),
        ...describe('B', b),
        '--machine and --address say where memory lies, --block compares by name',
      ],
    });
  }
  for (const [name, shape] of [
    ['A', a],
    ['B', b],
  ] as const) {
    const more = bytesIn(placesOf(shape)) - bytesIn(common);
    if (more === 0) continue;
    // Two of a kind see memory alike, so one of them lacks something; of two kinds each sees what the other cannot.
    const into = a.format === b.format ? missing : notes;
    into.push(`${counted(more, 'byte')} of ${name} have nothing to be compared with`);
  }
  return { comparisons: common.map(guestMemory), missing, notes };
}

function describe(name: string, shape: ImageShape): string[] {
  const places = placesOf(shape);
  return [
    `${name}: ${places.length === 0 ? 'no guest addresses known' : places.map(formatRange).join(', ')}`,
  ];
}

/** In address order, what touches or overlaps joined. */
function placesOf({ blocks }: ImageShape): Range[] {
  const ranges = blocks
    .flatMap(({ places }) => places)
    .map(({ address, length }) => ({ start: address, end: address + length }))
    .sort((first, second) => first.start - second.start);
  const joined: Range[] = [];
  for (const range of ranges) {
    const last = joined.at(-1);
    if (last === undefined || range.start > last.end) joined.push(range);
    else joined[joined.length - 1] = { start: last.start, end: Math.max(last.end, range.end) };
  }
  return joined;
}

function intersect(first: readonly Range[], second: readonly Range[]): Range[] {
  return first.flatMap((one) =>
    second.flatMap((other) => {
      const start = Math.max(one.start, other.start);
      const end = Math.min(one.end, other.end);
      return start < end ? [{ start, end }] : [];
    }),
  );
}

function subtract(range: Range, hole: Range): Range[] {
  return [
    { start: range.start, end: Math.min(range.end, hole.start) },
    { start: Math.max(range.start, hole.end), end: range.end },
  ].filter(({ start, end }) => start < end);
}

function bytesIn(ranges: readonly Range[]): number {
  return ranges.reduce((sum, { start, end }) => sum + end - start, 0);
}
