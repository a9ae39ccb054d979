/**
 * Makes the firmware image of one VM: the committed image with its parameter block filled in.
 * It returns bytes; where they are written, and how QEMU is given them, is the caller's matter.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { HarnessError } from '../model/errors.js';
import type { PageRange } from '../model/verdict.js';
import { guestContract as contract } from './contract.js';
import { guestPlatform } from './platforms.js';
import type { GuestPlatform, StampKind } from './platforms.js';

export interface GuestSpec {
  /** QEMU's name: `x86_64`, `i386` */
  readonly arch: string;
  readonly range: PageRange;
  /** RAM of the machine, which the range must fit into */
  readonly ramBytes: number;
  readonly stamp?: StampKind;
  readonly writers?: number;
  /** suspend to RAM after the first 'B', once */
  readonly suspend?: boolean;
  /** full passes between two 'B' */
  readonly passesPerB?: number;
}

export const defaultPassesPerB = 64;

const stampCodes: Readonly<Record<StampKind, number>> = {
  byte: contract.stampByte,
  wide: contract.stampWide,
  page: contract.stampPage,
};

// The folder guest/ of the package, from dist/guest/ in a clone and in an installed package alike.
const packagedImages = new URL('../../guest/', import.meta.url);

/** The image for one VM. `images` is the folder that holds the images, as a URL ending in a slash. */
export function buildGuestImage(spec: GuestSpec, images: URL = packagedImages): Buffer {
  const platform = guestPlatform(spec.arch);
  const problem = problemOf(spec, platform);
  if (problem !== undefined) {
    throw new HarnessError({
      code: 'bad-guest-spec',
      blame: 'usage',
      message: `the ${spec.arch} guest cannot do this: ${problem}`,
    });
  }
  const image = readImage(platform, images);
  const at = contract.blockOffset;
  image.writeBigUInt64LE(BigInt(spec.range.start), at + contract.fieldStart);
  image.writeBigUInt64LE(BigInt(spec.range.end), at + contract.fieldEnd);
  image.writeBigUInt64LE(BigInt(spec.range.step), at + contract.fieldStep);
  image.writeUInt32LE(stampCodes[spec.stamp ?? 'byte'], at + contract.fieldStampKind);
  image.writeUInt32LE(spec.writers ?? 1, at + contract.fieldWriters);
  image.writeUInt32LE(spec.suspend === true ? 1 : 0, at + contract.fieldSuspend);
  image.writeUInt32LE(spec.passesPerB ?? defaultPassesPerB, at + contract.fieldPassesPerB);
  return image;
}

/** Why the image cannot do what is asked, or undefined. The guest itself refuses with '!' what slips through. */
function problemOf(spec: GuestSpec, platform: GuestPlatform): string | undefined {
  const { start, end, step } = spec.range;
  const page = platform.pageBytes;
  for (const [name, value] of Object.entries({ start, end, step, ramBytes: spec.ramBytes })) {
    if (!Number.isSafeInteger(value) || value <= 0)
      return `${name} is ${value}, not a positive whole number`;
  }
  for (const [name, value] of Object.entries({ start, end, step })) {
    if (value % page !== 0)
      return `${name} ${hex(value)} is not a multiple of the page size ${hex(page)}`;
  }
  if (start >= end) return `the range ${hex(start)}-${hex(end)} is empty`;
  if ((end - start) % step !== 0)
    return `the range ${hex(start)}-${hex(end)} is not a whole number of steps of ${hex(step)}`;
  if (start < platform.rangeMin)
    return `the range starts at ${hex(start)}, below ${hex(platform.rangeMin)}`;
  if (end > spec.ramBytes)
    return `the range ends at ${hex(end)}, beyond the machine's RAM of ${hex(spec.ramBytes)}`;
  if (end > platform.rangeMax)
    return `the range ends at ${hex(end)}, beyond ${hex(platform.rangeMax)}, the end of contiguous RAM`;

  const stamp = spec.stamp ?? 'byte';
  if (!platform.stamps.includes(stamp))
    return `it has no stamp kind ${stamp}, only ${platform.stamps.join(', ')}`;
  const writers = spec.writers ?? 1;
  if (!isCount(writers) || writers > platform.writersMax) {
    return `it cannot run ${writers} writers, only 1 to ${platform.writersMax}`;
  }
  const passesPerB = spec.passesPerB ?? defaultPassesPerB;
  if (!isCount(passesPerB))
    return `passesPerB is ${passesPerB}, not a whole number from 1 to 2^32-1`;
  return undefined;
}

function readImage(platform: GuestPlatform, images: URL): Buffer {
  const path = fileURLToPath(new URL(platform.image, images));
  let image: Buffer;
  try {
    image = readFileSync(path);
  } catch (cause) {
    throw new HarnessError({
      code: 'guest-image-missing',
      blame: 'host',
      message: `the guest image ${path} cannot be read`,
      cause,
    });
  }
  const at = contract.blockOffset;
  if (
    image.length !== platform.imageBytes ||
    image.readUInt32LE(at + contract.fieldMagic) !== contract.blockMagicLow ||
    image.readUInt32LE(at + contract.fieldMagic + 4) !== contract.blockMagicHigh ||
    image.readUInt32LE(at + contract.fieldVersion) !== contract.blockVersion ||
    image.readUInt32LE(at + contract.fieldBlockBytes) !== contract.blockBytes
  ) {
    throw new HarnessError({
      code: 'guest-image-damaged',
      blame: 'host',
      message: `the guest image ${path} is not one that this version of Drover made`,
    });
  }
  return image;
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= 0xffffffff;
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
