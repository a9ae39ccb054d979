/**
 * Why an image cannot do what is asked of it, found before any QEMU starts. The guest itself
 * refuses with '!' what this check misses, except what the guest cannot know: how much RAM there
 * is, and where.
 */
import { isArch, platforms } from '../model/arch.js';
import { ramRegions } from '../model/ram-layout.js';
import { pagesOf, slicesOf } from '../model/stamps.js';
import { hex } from '../model/text/format.js';
import type { HotPart, PageRange, StampKind } from '../model/stamps.js';
import type { Range } from '../model/text/sizes.js';
import { guestContract as contract } from './contract.js';
import type { GuestPlatform } from './platforms.js';

export interface GuestSpec {
  /** QEMU's name: `x86_64`, `i386` */
  readonly arch: string;
  /**
   * machine type, versioned or not, which says where its RAM lies; default: the architecture's
   * usual one
   */
  readonly machine?: string;
  readonly range: PageRange;
  /** RAM of the machine, which the range must fit into */
  readonly ramBytes: number;
  readonly stamp?: StampKind;
  readonly writers?: number;
  /** suspend to RAM after the first 'B', once */
  readonly suspend?: boolean;
  /** full passes between two 'B' */
  readonly passesPerB?: number;
  /** of all writers together; not given: as fast as it can */
  readonly pacePagesPerSecond?: number;
  /** of a page where each writer counts what it does */
  readonly heartbeatAddress?: number;
  /** addresses inside the range that are not memory */
  readonly hole?: Range;
  /** x86_64 and i386 only */
  readonly hot?: HotPart;
  /** flushes its TLB before each pass, not before every 8th; x86_64 and i386 only */
  readonly flushesEachPass?: boolean;
  /** of a device that shows the host when the guest runs; x86_64 and i386 only */
  readonly pulsePort?: number;
  /**
   * keeps values in registers that a reset does not give, and looks whether they are still there;
   * `timers`: looks at clocks and timers as well; x86_64 only
   */
  readonly processor?: ProcessorLooks;
}

export type ProcessorLooks = 'values' | 'timers';

export const defaultPassesPerB = 64;

/** In words, or undefined. */
export function problemOf(spec: GuestSpec, platform: GuestPlatform): string | undefined {
  return (
    numberProblem(spec, platform) ??
    rangeProblem(spec, platform) ??
    ramProblem(spec) ??
    writerProblem(spec, platform) ??
    hotProblem(spec, platform) ??
    processorProblem(spec) ??
    pulseProblem(spec, platform) ??
    heartbeatProblem(spec, platform)
  );
}

function numberProblem(spec: GuestSpec, platform: GuestPlatform): string | undefined {
  const { start, end, step } = spec.range;
  const page = platform.pageBytes;
  for (const [name, value] of Object.entries({ start, end, step, ramBytes: spec.ramBytes })) {
    const low = name === 'start' ? 0 : 1;
    if (!Number.isSafeInteger(value) || value < low)
      return `${name} is ${value}, not a positive whole number`;
  }
  const { ramUnitBytes = 1 } = platform;
  if (spec.ramBytes % ramUnitBytes !== 0)
    return `RAM of ${hex(spec.ramBytes)} bytes is not a multiple of ${hex(ramUnitBytes)}, as the machine needs it`;
  const addresses = { start, end, step, ...named('hole', spec.hole) };
  for (const [name, value] of Object.entries(addresses)) {
    if (value % page !== 0)
      return `${name} ${hex(value)} is not a multiple of the page size ${hex(page)}`;
  }
  return undefined;
}

function named(what: string, hole: Range | undefined): Record<string, number> {
  if (hole === undefined) return {};
  return { [`${what} start`]: hole.start, [`${what} end`]: hole.end };
}

function rangeProblem({ range, hole }: GuestSpec, platform: GuestPlatform): string | undefined {
  const { start, end, step } = range;
  if (start >= end) return `the range ${hex(start)}-${hex(end)} is empty`;
  if (hole !== undefined) {
    const where = `the hole ${hex(hole.start)}-${hex(hole.end)}`;
    if (!platform.hole) return `it cannot leave a hole out of its range (${where})`;
    if (!(start < hole.start && hole.start < hole.end && hole.end < end))
      return `${where} does not lie within the range ${hex(start)}-${hex(end)}`;
  }
  const pieces =
    hole === undefined
      ? [{ start, end }]
      : [
          { start, end: hole.start },
          { start: hole.end, end },
        ];
  for (const piece of pieces) {
    if ((piece.end - piece.start) % step !== 0)
      return `the range ${hex(piece.start)}-${hex(piece.end)} is not a whole number of steps of ${hex(step)}`;
  }
  if (start < platform.rangeMin)
    return `the range starts at ${hex(start)}, below ${hex(platform.rangeMin)}`;
  if (end > platform.addressMax)
    return `the range ends at ${hex(end)}, and the image reaches no address from ${hex(platform.addressMax)} on`;
  return undefined;
}

/** Every page must be RAM. */
function ramProblem({ arch, machine, range, hole, ramBytes }: GuestSpec): string | undefined {
  const type = machine ?? (isArch(arch) ? platforms[arch].machineAlias : '');
  const regions = ramRegions(arch, type, ramBytes);
  const ends = regions.map(({ address, size }) => address + size);
  const last = Math.max(...ends);
  if (range.end > last)
    return `the range ends at ${hex(range.end)}, beyond the machine's RAM of ${hex(ramBytes)}, which ends at ${hex(last)}`;
  let covered = range.start;
  for (const { address, size } of regions) {
    if (covered === hole?.start) covered = hole.end;
    if (address <= covered && covered < address + size) {
      const next = hole !== undefined && covered < hole.start ? hole.start : range.end;
      covered = Math.min(next, address + size);
      if (covered === hole?.start) covered = hole.end;
    }
    if (covered >= range.end) return undefined;
  }
  return `with ${hex(ramBytes)} bytes of RAM, ${type} has none at ${hex(covered)}, which the range must leave out as its hole; RAM lies at ${regions
    .map(({ address, size }) => `${hex(address)}-${hex(address + size)}`)
    .join(' and ')}`;
}

function writerProblem(spec: GuestSpec, platform: GuestPlatform): string | undefined {
  const { stamp = 'byte', writers = 1, passesPerB = defaultPassesPerB } = spec;
  if (!platform.stamps.includes(stamp))
    return `it has no stamp kind ${stamp}, only ${platform.stamps.join(', ')}`;
  if (!isCount(writers) || writers > platform.writersMax)
    return `it cannot run ${writers} writers, only 1 to ${platform.writersMax}`;
  const pages = pagesOf({ ...spec.range, hole: spec.hole });
  if (pages < writers) return `${writers} writers cannot share ${pages} pages`;
  if (!isCount(passesPerB))
    return `passesPerB is ${passesPerB}, not a whole number from 1 to 2^32-1`;
  const pace = spec.pacePagesPerSecond;
  if (pace !== undefined) {
    if (!platform.pace) return 'it cannot keep a pace';
    if (!isCount(pace) || pace < writers)
      return `a pace of ${pace} pages per second; it takes a whole number below 2^32, at least 1 a writer, or none for as fast as it can`;
  }
  if (spec.suspend === true && !platform.suspends) return 'it cannot suspend to RAM';
  if (spec.suspend === true && (writers > 1 || stamp !== 'byte'))
    return 'only one writer of stamps of kind byte can suspend';
  return undefined;
}

/** Each part of a writer's pages counts as one of `writersMax` for those who watch them. */
function hotProblem({ hot, range, ...spec }: GuestSpec, platform: GuestPlatform) {
  const { writers = 1, hole, suspend, flushesEachPass = false } = spec;
  if (flushesEachPass && !platform.flushes)
    return 'it cannot be made to flush its TLB before each pass';
  if (hot === undefined) return undefined;
  if (!platform.hot) return 'it has no hot part';
  if (suspend === true) return 'a guest that suspends has no hot part';
  if (2 * writers > platform.writersMax)
    return `${writers} writers with hot parts; it can run ${platform.writersMax / 2} of them`;
  if (!isCount(hot.pages) || !isCount(hot.coldPages))
    return `a hot part of ${hot.pages} pages and pieces of ${hot.coldPages}, not whole numbers from 1 to 2^32-1`;
  for (const slice of slicesOf({ ...range, hole, writers })) {
    const below =
      slice.hole === undefined ? slice.pages : (slice.hole.start - slice.start) / range.step;
    if (hot.pages > below || hot.pages >= slice.pages)
      return `a writer has room for a hot part of ${Math.min(below, slice.pages - 1)} pages, not ${hot.pages}: it leaves at least one other page, and ends before a hole`;
  }
  return undefined;
}

function heartbeatProblem(spec: GuestSpec, platform: GuestPlatform): string | undefined {
  const { heartbeatAddress: at, range, hole, ramBytes, arch, machine } = spec;
  if (at === undefined) return undefined;
  if (platform.heartbeatAddress === undefined) return 'it has no heartbeat';
  if (!Number.isSafeInteger(at) || at <= 0 || at % contract.stampPageBytes !== 0)
    return `the heartbeat page ${hex(at)} is not a multiple of ${hex(contract.stampPageBytes)}`;
  const inHole = hole !== undefined && at >= hole.start && at < hole.end;
  if (at >= range.start && at < range.end && !inHole)
    return `the heartbeat page ${hex(at)} lies within the range`;
  const taken = platform.reserved?.find(({ start, end }) => at >= start && at < end);
  if (taken !== undefined)
    return `the heartbeat page ${hex(at)} lies in ${hex(taken.start)}-${hex(taken.end)}, which is not free on this machine`;
  const end = at + contract.stampPageBytes;
  const type = machine ?? (isArch(arch) ? platforms[arch].machineAlias : '');
  const isRam = ramRegions(arch, type, ramBytes).some(
    ({ address, size }) => address <= at && end <= address + size,
  );
  return isRam ? undefined : `the heartbeat page ${hex(at)} is not in the machine's RAM`;
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= 0xffffffff;
}

function pulseProblem({ pulsePort }: GuestSpec, platform: GuestPlatform): string | undefined {
  if (pulsePort === undefined) return undefined;
  if (!platform.pulses) return 'it writes no pulses to a port';
  return Number.isInteger(pulsePort) && pulsePort >= 1 && pulsePort <= 0xffff
    ? undefined
    : `${pulsePort} is no port for pulses; a port is 1 to 0xffff`;
}

function processorProblem({ arch, processor }: GuestSpec): string | undefined {
  return processor !== undefined && arch !== 'x86_64'
    ? 'only the x86_64 guest looks at its processor'
    : undefined;
}
