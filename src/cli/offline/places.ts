/** Where blocks lie in guest memory, as ranges of guest addresses. Pure. */
import { HarnessError } from '../../model/errors.js';
import { formatRange } from '../../model/text/sizes.js';
import type { Range } from '../../model/text/sizes.js';
import type { NamedPlace, NativeBlock } from '../../native/image-addon.js';
import { showName } from './offline-output.js';

/** In address order, what touches joined. */
export function placesOf(blocks: readonly NativeBlock[]): Range[] {
  return joined(
    blocks
      .flatMap(({ places }) => places)
      .map(({ address, length }) => ({ start: address, end: address + length })),
  );
}

function joined(ranges: readonly Range[]): Range[] {
  const found: Range[] = [];
  for (const range of [...ranges].sort((first, second) => first.start - second.start)) {
    const last = found.at(-1);
    if (last === undefined || range.start > last.end) found.push(range);
    else found[found.length - 1] = { start: last.start, end: Math.max(last.end, range.end) };
  }
  return found;
}

export function intersect(first: readonly Range[], second: readonly Range[]): Range[] {
  return first.flatMap((one) =>
    second.flatMap((other) => {
      const start = Math.max(one.start, other.start);
      const end = Math.min(one.end, other.end);
      return start < end ? [{ start, end }] : [];
    }),
  );
}

export function subtract(ranges: readonly Range[], holes: readonly Range[]): Range[] {
  return holes.reduce<Range[]>(
    (left, hole) =>
      left
        .flatMap(({ start, end }) => [
          { start, end: Math.min(end, hole.start) },
          { start: Math.max(start, hole.end), end },
        ])
        .filter(({ start, end }) => start < end),
    [...ranges],
  );
}

export const isWithin = (range: Range, { start, end }: Range): boolean =>
  range.start >= start && range.end <= end;

export function bytesIn(ranges: readonly Range[]): number {
  return ranges.reduce((sum, { start, end }) => sum + end - start, 0);
}

/** Pages of a dump's block that are no memory: the dump does not list their addresses. */
export function holesIn({ length, pageBytes, places }: NativeBlock, format: string): number {
  if (format === 'raw' || format === 'stream') return 0;
  return (length - places.reduce((sum, place) => sum + place.length, 0)) / pageBytes;
}

/** `--place` must name blocks of one of the sources, and no address may belong to two blocks. */
export function requirePlaced(
  sources: readonly { readonly blocks: readonly NativeBlock[] }[],
  wanted: readonly NamedPlace[],
): void {
  const refuse = (message: string): never => {
    throw new HarnessError({ code: 'bad-place', blame: 'usage', message });
  };
  const names = sources.flatMap(({ blocks }) => blocks.map(({ name }) => name));
  const unknown = wanted.find(({ block }) => !names.includes(block));
  if (unknown !== undefined) {
    const known = [...new Set(names)].map(showName).join(', ');
    refuse(`--place: there is no RAM block '${unknown.block}'; there are ${known}`);
  }
  if (wanted.length === 0) return;
  for (const { blocks } of sources) {
    blocks.forEach((block, index) => {
      const [both] = intersect(placesOf([block]), placesOf(blocks.slice(0, index)));
      if (both === undefined) return;
      refuse(`--place: ${formatRange(both)} is in block ${showName(block.name)} and in another`);
    });
  }
}
