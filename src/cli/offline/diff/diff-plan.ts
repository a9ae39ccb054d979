/** What of two images is compared with what. Pure. */
import { HarnessError } from '../../../model/errors.js';
import type { NativeBlock, NativeDiffRequest } from '../../../native/image-addon.js';
import { formatRange, formatRanges } from '../../../model/text/sizes.js';
import { counted } from '../../../model/text/format.js';
import type { Range } from '../../../model/text/sizes.js';
import { usage } from '../bad-source.js';
import { showName } from '../offline-output.js';
import {
  blockNamed,
  bytesIn,
  holesIn,
  intersect,
  isWithin,
  placesOf,
  subtract,
} from '../source/places.js';

export interface ImageShape {
  readonly label: string;
  readonly format: string;
  readonly machine: string | null;
  /** a stream that holds device state and no RAM */
  readonly devicesAlone: boolean;
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
  /** main memory that nothing can be said about */
  readonly notCompared: readonly string[];
  /** what else is left out */
  readonly notes: readonly string[];
}

export interface DiffScope {
  readonly ranges: readonly Range[];
  readonly block: string | undefined;
}

export const nothing: DiffPlan = { comparisons: [], missing: [], notCompared: [], notes: [] };

export function diffPlan(a: ImageShape, b: ImageShape, scope: DiffScope): DiffPlan {
  if (a.devicesAlone && b.devicesAlone) return nothing;
  if (a.devicesAlone || b.devicesAlone) {
    const side = a.devicesAlone ? 'A' : 'B';
    return { ...nothing, notCompared: [`RAM: ${side} holds device state alone`] };
  }
  if (scope.block !== undefined) return oneBlock(a, b, scope.block, scope.ranges);
  if (scope.ranges.length > 0) return someRanges(a, b, scope.ranges);
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

function oneBlock(a: ImageShape, b: ImageShape, name: string, ranges: readonly Range[]): DiffPlan {
  const first = blockNamed(a.blocks, name);
  const second = blockNamed(b.blocks, name);
  const isElsewhere = [a.blocks[first], b.blocks[second]].some(
    (block) => block?.contentElsewhere === true,
  );
  if (ranges.length === 0 || isElsewhere) return sameName(a, b, name, first, second);
  const pageBytes = Math.min(...[a.blocks[first], b.blocks[second]].map(pageBytesOf));
  for (const range of ranges) {
    if (range.start % pageBytes !== 0) throw withinPage(range, pageBytes);
  }
  return { ...nothing, comparisons: ranges.map((range) => blockPair(name, first, second, range)) };
}

function sameName(
  a: ImageShape,
  b: ImageShape,
  name: string,
  first: number,
  second: number,
): DiffPlan {
  const [one, other] = [a.blocks[first], b.blocks[second]];
  if (one?.contentElsewhere === true || other?.contentElsewhere === true) {
    return { ...nothing, notCompared: [elsewhere(name)] };
  }
  const lengths = [one?.length ?? 0, other?.length ?? 0] as const;
  const range = { start: 0, end: Math.min(...lengths) };
  const missing: string[] = [];
  if (lengths[0] !== lengths[1]) {
    missing.push(`block ${showName(name)}: ${lengths[0]} bytes in A, ${lengths[1]} in B`);
  }
  const comparisons = range.end === 0 ? [] : [blockPair(name, first, second, range)];
  return { ...nothing, comparisons, missing };
}

const pageBytesOf = (block: NativeBlock | undefined): number => block?.pageBytes ?? 1;

const withinPage = (range: Range, pageBytes: number): HarnessError =>
  usage(
    `--range: ${formatRange(range)} begins within a page; begin it with a page of ${pageBytes} bytes`,
  );

/** Pages are counted from where a block begins, wherever that lies. */
function requirePageStart(range: Range, sides: readonly ImageShape[]): void {
  const starts = sides.flatMap(({ blocks }) =>
    blocks.flatMap(({ places, pageBytes }) =>
      places
        .filter(({ address, length }) => range.start >= address && range.start < address + length)
        .map(({ address, blockOffset }) => ({
          pageBytes,
          at: range.start - address + blockOffset,
        })),
    ),
  );
  const pageBytes = Math.min(...starts.map((each) => each.pageBytes));
  if (starts.some(({ at }) => at % pageBytes !== 0)) throw withinPage(range, pageBytes);
}

const elsewhere = (name: string): string =>
  `block ${showName(name)}: its content is not in the stream (x-ignore-shared)`;

/** Guest addresses that the user names, without those of blocks whose content is in no file. */
function someRanges(a: ImageShape, b: ImageShape, ranges: readonly Range[]): DiffPlan {
  const notCompared: string[] = [];
  let left: readonly Range[] = ranges;
  for (const [side, { blocks }] of [
    ['A', a],
    ['B', b],
  ] as const) {
    for (const block of blocks.filter(({ contentElsewhere }) => contentElsewhere)) {
      const places = placesOf([block]);
      const within = intersect(left, places);
      if (within.length === 0) continue;
      notCompared.push(`${formatRanges(within)}: ${elsewhere(block.name)}, in ${side}`);
      left = subtract(left, places);
    }
  }
  for (const range of left) requirePageStart(range, [a, b]);
  return { ...nothing, comparisons: left.map(guestMemory), notCompared };
}

/** Two streams name their blocks, and one machine's blocks have the same names everywhere. */
function byName(a: ImageShape, b: ImageShape): DiffPlan {
  const comparisons: Comparison[] = [];
  const missing: string[] = [];
  const notCompared: string[] = [];
  a.blocks.forEach(({ name }, first) => {
    const second = b.blocks.findIndex((other) => other.name === name);
    if (second < 0) {
      missing.push(`block ${showName(name)} is only in A`);
      return;
    }
    const pair = sameName(a, b, name, first, second);
    comparisons.push(...pair.comparisons);
    missing.push(...pair.missing);
    notCompared.push(...pair.notCompared);
  });
  for (const { name } of b.blocks) {
    if (!a.blocks.some((block) => block.name === name)) {
      missing.push(`block ${showName(name)} is only in B`);
    }
  }
  return { ...nothing, comparisons, missing, notCompared };
}

/**
 * A PC shows VGA and ROM here, and so do dumps of what its processor sees; streams have the RAM
 * behind.
 */
const shadowed: Range = { start: 0xa0000, end: 0x100000 };

/** Dumps and raw memory know guest addresses only: compared is what both hold. */
function byAddress(a: ImageShape, b: ImageShape): DiffPlan {
  const missing: string[] = [];
  const notes: string[] = [];
  const notCompared = [...withoutContent('A', a), ...withoutContent('B', b)];
  let [first, second] = [heldPlaces(a.blocks), heldPlaces(b.blocks)];
  const streams = [a, b].filter(({ format }) => format === 'stream');
  if (streams.length === 1 && /^(pc|q35|isapc|microvm)/.test(streams[0]?.machine ?? '')) {
    if (intersect(intersect(first, second), [shadowed]).length > 0) {
      notes.push(
        `not compared: ${formatRange(shadowed)}, where a PC shows ROM and VGA instead of RAM (--range can ask for it)`,
      );
    }
    [first, second] = [subtract(first, [shadowed]), subtract(second, [shadowed])];
  }
  const common = intersect(first, second);
  if (common.length === 0) {
    throw new HarnessError({
      code: 'nothing-in-common',
      blame: 'usage',
      message: 'A and B have no guest address in common: nothing to compare',
      details: [
        ...describe('A', a),
        ...describe('B', b),
        ...notCompared,
        '--machine, --address and --place say where memory lies, --block compares by name',
      ],
    });
  }
  for (const [name, shape, mine, other, others] of [
    ['A', a, first, b, second],
    ['B', b, second, a, first],
  ] as const) {
    const left = subtract(mine, others);
    const isDevices =
      shape.format === 'stream' ? devicesInStream(shape) : devicesInDump(mine, other);
    // Two of a kind see memory alike, so one of them lacks something.
    const alike = a.format === b.format;
    const mains = alike ? [] : left.filter((range) => !isDevices(range));
    for (const [into, ranges] of [
      [alike ? missing : notes, subtract(left, mains)],
      [notCompared, mains],
    ] as const) {
      if (ranges.length === 0) continue;
      into.push(
        `${counted(bytesIn(ranges), 'byte')} of ${name} have nothing to be compared with: ${formatRanges(ranges)}`,
      );
    }
  }
  return { comparisons: common.map(guestMemory), missing, notCompared, notes };
}

function devicesInStream({ blocks }: ImageShape): (range: Range) => boolean {
  const main = placesOf(blocks.filter(isMain));
  return (range) => intersect([range], main).length === 0;
}

/** PCs have their devices and the BIOS here. */
const belowFourG: Range = { start: 0xe0000000, end: 0x1_0000_0000 };

/**
 * Tells ranges of devices' memory in a dump, which does not say what they are. In doubt it is main
 * memory. A dump may list very many: what all questions need is made once.
 */
function devicesInDump(all: readonly Range[], other: ImageShape): (range: Range) => boolean {
  const lastOfOther = heldPlaces(other.blocks).at(-1)?.start ?? 0;
  const ends = new Map(all.map(({ start, end }) => [start, end]));
  const sizes = new Set(other.blocks.filter((block) => !isMain(block)).map(({ length }) => length));
  return (range) => {
    if (isWithin(range, shadowed) && lastOfOther >= range.end) return true;
    const end = ends.get(range.start);
    if (end === undefined) return false;
    return isWithin(range, belowFourG) || (end === range.end && sizes.has(end - range.start));
  };
}

const isMain = ({ mainMemory }: NativeBlock): boolean => mainMemory;

const heldPlaces = (blocks: readonly NativeBlock[]): Range[] =>
  placesOf(blocks.filter(({ contentElsewhere }) => !contentElsewhere));

/** Main memory that cannot be compared by address. */
function withoutContent(side: string, { blocks, format }: ImageShape): string[] {
  return blocks.filter(isMain).flatMap((block) => {
    if (block.contentElsewhere) return [`${elsewhere(block.name)}, in ${side}`];
    const bytes = block.length - bytesIn(placesOf([block]));
    if (bytes === 0 || holesIn(block, format) > 0) return [];
    const name = showName(block.name);
    return [
      `block ${name}: the guest address of ${counted(bytes, 'byte')} in ${side} is not known; say it with --place ${name}=ADDRESS`,
    ];
  });
}

function describe(name: string, { blocks }: ImageShape): string[] {
  const places = heldPlaces(blocks);
  return [`${name}: ${places.length === 0 ? 'no guest addresses known' : formatRanges(places)}`];
}
