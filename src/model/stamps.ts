/**
 * What a guest stamps, and how its writers share it. Pure; the rules are those of guest/README.md.
 * Addresses are guest-physical, as numbers.
 */
import type { Range } from './text/sizes.js';

/** The range a check covers: [start, end), one stamp every `step` bytes. */
export interface PageRange extends Range {
  /** bytes between two stamps; the guest's page size */
  readonly step: number;
}

/** What is written at each page: one byte, two words, or all of it. */
export const stampKinds = ['byte', 'wide', 'page'] as const;
export type StampKind = (typeof stampKinds)[number];

/**
 * The first pages of each writer's slice: it stamps all of them before each piece of the others, so
 * they take most of its writes. Both parts count generations of their own.
 */
export interface HotPart {
  /** of each writer */
  readonly pages: number;
  /** of the others, in each piece */
  readonly coldPages: number;
}

/**
 * A range as the guest's parameter block has it. A plain `PageRange` is one of kind `byte` with one
 * writer.
 */
export interface StampedRange extends PageRange {
  /** default: `byte` */
  readonly stamp?: StampKind;
  /** default: 1 */
  readonly writers?: number;
  /** addresses that are not memory: pages go on at its end where they meet its start */
  readonly hole?: Range;
  readonly hot?: HotPart;
}

export type SlicePart = 'hot' | 'cold';

/** The pages of one writer, or one part of them. */
export interface Slice extends Range {
  /** where the slice reaches across it */
  readonly hole?: Range;
  readonly pages: number;
  /** of a writer with a hot part */
  readonly part?: SlicePart;
}

export function pagesOf({ start, end, step, hole }: StampedRange): number {
  return (end - start - (hole === undefined ? 0 : hole.end - hole.start)) / step;
}

/** Where pages lie: what `StampedRange` and `Slice` have in common, but for the end. */
type Pages = Pick<StampedRange, 'start' | 'step' | 'hole'>;

/** Address of a page by its number, from 0 on. */
export function addressAt({ start, step, hole }: Pages, page: number): number {
  const below = hole === undefined ? Infinity : (hole.start - start) / step;
  return hole === undefined || page < below
    ? start + page * step
    : hole.end + (page - below) * step;
}

/** Number of the page that an address lies in. */
export function pageAt({ start, step, hole }: Pages, address: number): number {
  return hole === undefined || address < hole.end
    ? Math.floor((address - start) / step)
    : (hole.start - start) / step + Math.floor((address - hole.end) / step);
}

/**
 * In order of writers, the hot part of each before the rest. Each writer has as many pages as the
 * others, and the last also what is left over.
 */
export function slicesOf(range: StampedRange): Slice[] {
  const { start, step, hole, hot, writers = 1 } = range;
  const pages = pagesOf(range);
  const below = hole === undefined ? pages : (hole.start - start) / step;
  const each = Math.floor(pages / writers);
  const piece = (first: number, end: number): Slice => ({
    start: addressAt(range, first),
    end: addressAt(range, end - 1) + step,
    hole: first < below && below < end ? hole : undefined,
    pages: end - first,
  });
  return Array.from({ length: writers }, (_, writer) => {
    const first = writer * each;
    const end = writer === writers - 1 ? pages : first + each;
    if (hot === undefined) return [piece(first, end)];
    const cold = first + hot.pages;
    return [
      { ...piece(first, cold), part: 'hot' as const },
      { ...piece(cold, end), part: 'cold' as const },
    ];
  }).flat();
}
