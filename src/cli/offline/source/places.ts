/** Where blocks lie in guest memory, as ranges of guest addresses. Pure. */
import { HarnessError } from '../../../model/errors.js';
import { formatRange } from '../../../model/text/sizes.js';
import type { Range } from '../../../model/text/sizes.js';
import type { NamedPlace, NativeBlock, NativePlace } from '../../../native/image-addon.js';
import { showName } from '../offline-output.js';

/** `name` as in the file, or as Drover shows it. */
export function blockNamed(blocks: readonly NativeBlock[], name: string): number {
  const index = blocks.findIndex((block) => block.name === name || showName(block.name) === name);
  if (index >= 0) return index;
  const known = blocks.map((block) => `'${showName(block.name)}'`).join(', ');
  const message = `--block: the file has no RAM block '${name}'; it has ${known}`;
  throw new HarnessError({ code: 'bad-scan', blame: 'usage', message });
}

export function placesOf(blocks: readonly NativeBlock[]): Range[] {
  return joined(blocks.flatMap(({ places }) => places.map(addressesOf)));
}

const addressesOf = ({ address, length }: NativePlace): Range => ({
  start: address,
  end: address + length,
});

/** In address order, what touches or overlaps joined. */
export function joined(ranges: readonly Range[]): Range[] {
  const found: Range[] = [];
  for (const range of [...ranges].sort((first, second) => first.start - second.start)) {
    const last = found.at(-1);
    if (last === undefined || range.start > last.end) found.push(range);
    else found[found.length - 1] = { start: last.start, end: Math.max(last.end, range.end) };
  }
  return found;
}

/** What a range shares with others that are in order and apart; a dump may list very many. */
function sharedWith({ start, end }: Range, others: readonly Range[]): Range[] {
  let [low, high] = [0, others.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((others[middle]?.end ?? 0) > start) high = middle;
    else low = middle + 1;
  }
  const found: Range[] = [];
  for (let other = others[low]; other !== undefined && other.start < end; other = others[++low]) {
    found.push({ start: Math.max(start, other.start), end: Math.min(end, other.end) });
  }
  return found;
}

export function intersect(first: readonly Range[], second: readonly Range[]): Range[] {
  const others = joined(second);
  return first.flatMap((range) => sharedWith(range, others));
}

/** The parts of a block that lie in a range of guest addresses, as offsets in it. */
export function offsetsWithin({ places }: NativeBlock, range: Range): Range[] {
  return places.flatMap(({ address, blockOffset, length }) =>
    intersect([range], [{ start: address, end: address + length }]).map(({ start, end }) => ({
      start: start - address + blockOffset,
      end: end - address + blockOffset,
    })),
  );
}

export function subtract(ranges: readonly Range[], holes: readonly Range[]): Range[] {
  const others = joined(holes);
  const found: Range[] = [];
  for (const range of ranges) {
    let { start } = range;
    for (const hole of sharedWith(range, others)) {
      if (start < hole.start) found.push({ start, end: hole.start });
      start = hole.end;
    }
    if (start < range.end) found.push({ start, end: range.end });
  }
  return found;
}

export const isWithin = (range: Range, { start, end }: Range): boolean =>
  range.start >= start && range.end <= end;

export function bytesIn(ranges: readonly Range[]): number {
  return ranges.reduce((sum, { start, end }) => sum + end - start, 0);
}

/**
 * An ELF, kdump or Windows dump, or a LiME file: the file lists the guest addresses of its memory.
 */
export const isDump = (format: string): boolean => format !== 'raw' && format !== 'stream';

/** Pages of a dump's block that are no memory: the dump does not list their addresses. */
export function holesIn({ length, pageBytes, places }: NativeBlock, format: string): number {
  if (!isDump(format)) return 0;
  return (length - places.reduce((sum, place) => sum + place.length, 0)) / pageBytes;
}

interface PlacedSource {
  readonly label: string;
  readonly format: string;
  readonly blocks: readonly NativeBlock[];
}

/**
 * The order of NUMA nodes, where it was taken from the numbers in the names of their blocks: a
 * stream does not say which block is which node.
 * @param named blocks that `--place` names
 */
export function assumedNodes(
  { label, format, blocks }: PlacedSource,
  named: readonly string[],
): string[] {
  const nodes = blocks.filter(
    ({ name, mainMemory, places }) =>
      mainMemory && places.length > 0 && /\d$/.test(name) && !named.includes(name),
  );
  if (format !== 'stream' || nodes.length < 2) return [];
  const names = nodes.map(({ name }) => showName(name)).join(', ');
  return [
    `${label}: ${names}: placed as NUMA nodes in the order of their numbers, which the file does not say; --place says another`,
  ];
}

/**
 * `--place` must name blocks of one of the sources, none of a dump, and no address may have two
 * places.
 */
export function requirePlaced(
  sources: readonly PlacedSource[],
  wanted: readonly NamedPlace[],
): void {
  if (wanted.length === 0) return;
  const refuse = (message: string): never => {
    throw new HarnessError({ code: 'bad-place', blame: 'usage', message });
  };
  const others = sources.filter(({ format }) => !isDump(format));
  // Places would replace the addresses that the dump lists.
  const dump = sources.find(
    ({ format, blocks }) =>
      isDump(format) &&
      (others.length === 0 ||
        blocks.some(({ name }) => wanted.some(({ block }) => block === name))),
  );
  if (dump !== undefined) {
    const given = wanted.map(({ block }) => showName(block)).join(', ');
    refuse(
      `--place ${given}: ${dump.label} is a dump, which lists the guest addresses of its memory itself; leave --place out`,
    );
  }
  const names = others.flatMap(({ blocks }) => blocks.map(({ name }) => name));
  const unknown = wanted.find(({ block }) => !names.includes(block));
  if (unknown !== undefined) {
    const known = [...new Set(names)].map(showName).join(', ');
    refuse(`--place: there is no RAM block '${unknown.block}'; there are ${known}`);
  }
  for (const { blocks } of others) {
    const placed = blocks.flatMap(({ name, places }) => places.map((place) => ({ name, place })));
    placed.forEach(({ name, place }, index) => {
      for (const other of placed.slice(0, index)) {
        const [both] = intersect([addressesOf(place)], [addressesOf(other.place)]);
        if (both === undefined) continue;
        refuse(
          other.name === name
            ? `--place: ${formatRange(both)} is in two places of block ${showName(name)}`
            : `--place: ${formatRange(both)} is in block ${showName(name)} and in block ${showName(other.name)}`,
        );
      }
    });
  }
}
