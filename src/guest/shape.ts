/**
 * How a test's guest differs from the platform's usual one: how much memory, which stamps, how many
 * writers.
 */
import type { Platform } from '../model/arch.js';
import { ramRegions } from '../model/ram-layout.js';
import type { RamRegion } from '../model/ram-layout.js';
import { pagesOf } from '../model/stamps.js';
import type { HotPart, PageRange, StampKind } from '../model/stamps.js';
import type { Range } from '../model/text/sizes.js';
import { badGuestSpec } from './image.js';
import { guestPlatform } from './platforms.js';
import type { GuestSpec } from './spec.js';

export interface GuestShape {
  /** with it all of RAM is stamped, unless `range` says otherwise */
  readonly ramBytes?: number;
  readonly range?: PageRange;
  /** number of pages, from the start of the usual range */
  readonly pages?: number;
  /** addresses inside `range` that are not memory */
  readonly hole?: Range;
  /** of a range that is not given; default: a page */
  readonly step?: number;
  readonly stamp?: StampKind;
  readonly writers?: number;
  /** of all writers together; default: as fast as possible */
  readonly pacePagesPerSecond?: number;
  /**
   * writers count, so that they can be watched; always so with stamps that leave no room for a
   * marker
   */
  readonly heartbeat?: boolean;
  readonly passesPerB?: number;
  readonly hot?: HotPart;
}

/** A pass over more than this, or at a pace, takes so long that the guest prints 'B' after each. */
const manyPages = 2 ** 18;

/** beside the counter of writer 0, in its cache line, which holds nothing else */
const markerInHeartbeat = 8;

/**
 * `usual` as the shape changes it; none: without a guest of ours. What the image cannot do is
 * refused when it is built.
 */
export function shapedPlatform(
  usual: Platform,
  machine: string,
  shape: GuestShape | 'none',
): Platform {
  if (shape === 'none') return usual;
  if (Object.values(shape).every((value) => value === undefined)) return usual;
  const { stamp = 'byte', writers = 1, pacePagesPerSecond } = shape;
  const ramBytes = shape.ramBytes ?? usual.ramBytes;
  const { range, hole } = rangeOf(usual, machine, ramBytes, shape);
  const wholePage = stamp === 'page';
  const image = guestPlatform(usual.arch);
  const heartbeatAddress =
    shape.heartbeat === true || wholePage ? image.heartbeatAddress : undefined;
  if (shape.heartbeat === true && heartbeatAddress === undefined) {
    throw badGuestSpec(usual.arch, 'it has no heartbeat');
  }
  const slow = pagesOf({ ...range, hole }) > manyPages || pacePagesPerSecond !== undefined;
  return {
    ...usual,
    ramBytes,
    range,
    // Nobody stamps the heartbeat page, and it is dirtied all the time: so it can hold the marker.
    markerAddress:
      heartbeatAddress === undefined
        ? usual.markerAddress - usual.range.start + range.start
        : heartbeatAddress + markerInHeartbeat,
    watchAddress: heartbeatAddress ?? usual.watchAddress - usual.range.start + range.start,
    passesPerB: shape.passesPerB ?? (slow || wholePage ? 1 : usual.passesPerB),
    stamp,
    writers,
    hole,
    hot: shape.hot,
    pacePagesPerSecond,
    heartbeatAddress,
  };
}

/** What the image of a guest on this platform is built from. */
export function guestSpecOf(platform: Platform, machine: string): GuestSpec {
  return { ...platform, machine };
}

function rangeOf(
  usual: Platform,
  machine: string,
  ramBytes: number,
  shape: GuestShape,
): { range: PageRange; hole: Range | undefined } {
  if (shape.range !== undefined) return { range: shape.range, hole: shape.hole };
  const step = shape.step ?? usual.range.step;
  if (shape.pages !== undefined) {
    const { start } = usual.range;
    const end = start + shape.pages * step;
    const { hole } = allOfRam(usual.arch, ramRegions(usual.arch, machine, ramBytes), step);
    if (hole === undefined || end <= hole.start)
      return { range: { start, end, step }, hole: undefined };
    return { range: { start, end: end + (hole.end - hole.start), step }, hole };
  }
  if (shape.ramBytes === undefined && shape.step === undefined) {
    return { range: usual.range, hole: undefined };
  }
  return allOfRam(usual.arch, ramRegions(usual.arch, machine, ramBytes), step);
}

/**
 * From the first address that the image leaves to its writers to the end of RAM, in whole steps.
 */
export function allOfRam(
  arch: string,
  regions: readonly RamRegion[],
  step: number,
): { range: PageRange; hole: Range | undefined } {
  const [first, second] = regions;
  if (first === undefined) throw new Error('a machine has RAM');
  const { rangeMin } = guestPlatform(arch);
  const stepsUp = (address: number): number => Math.ceil(address / step) * step;
  const endOf = (start: number, end: number): number =>
    start + Math.max(0, Math.floor((end - start) / step)) * step;
  const start = stepsUp(Math.max(first.address, rangeMin));
  const below = endOf(start, first.address + first.size);
  if (second === undefined) return { range: { start, end: below, step }, hole: undefined };
  const above = stepsUp(second.address);
  const end = endOf(above, second.address + second.size);
  if (end <= above) return { range: { start, end: below, step }, hole: undefined };
  return { range: { start, end, step }, hole: { start: below, end: above } };
}
