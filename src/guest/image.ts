/**
 * Makes the firmware image of one VM: the committed image with its parameter block filled in.
 * It returns bytes; the caller writes them to a file and passes it to QEMU.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { HarnessError, fileProblem, usageError } from '../model/errors.js';
import type { StampKind } from '../model/stamps.js';
import { guestContract as contract } from './contract.js';
import { guestPlatform } from './platforms.js';
import type { GuestPlatform } from './platforms.js';
import { defaultPassesPerB, problemOf } from './spec.js';
import type { GuestSpec, ProcessorLooks } from './spec.js';

const stampCodes: Readonly<Record<StampKind, number>> = {
  byte: contract.stampByte,
  wide: contract.stampWide,
  page: contract.stampPage,
};

const processorCodes: Readonly<Record<ProcessorLooks, number>> = {
  values: contract.processorValues,
  timers: contract.processorTimers,
};

// The folder guest/ of the package, from dist/guest/ in a clone and in an installed package alike.
const packagedImages = new URL('../../guest/', import.meta.url);

/**
 * The image for one VM. `images` is the folder that holds the images, as a URL ending in a slash.
 */
export function buildGuestImage(spec: GuestSpec, images: URL = packagedImages): Buffer {
  const platform = guestPlatform(spec.arch);
  const problem = problemOf(spec, platform);
  if (problem !== undefined) throw badGuestSpec(spec.arch, problem);
  const image = readImage(platform, images);
  const at = platform.blockOffset;
  image.writeBigUInt64LE(BigInt(spec.range.start), at + contract.fieldStart);
  image.writeBigUInt64LE(BigInt(spec.range.end), at + contract.fieldEnd);
  image.writeBigUInt64LE(BigInt(spec.range.step), at + contract.fieldStep);
  image.writeUInt32LE(stampCodes[spec.stamp ?? 'byte'], at + contract.fieldStampKind);
  image.writeUInt32LE(spec.writers ?? 1, at + contract.fieldWriters);
  image.writeUInt32LE(spec.suspend === true ? 1 : 0, at + contract.fieldSuspend);
  image.writeUInt32LE(spec.passesPerB ?? defaultPassesPerB, at + contract.fieldPassesPerB);
  image.writeBigUInt64LE(BigInt(spec.pacePagesPerSecond ?? 0), at + contract.fieldPace);
  image.writeBigUInt64LE(BigInt(spec.heartbeatAddress ?? 0), at + contract.fieldHeartbeat);
  image.writeBigUInt64LE(BigInt(spec.hole?.start ?? 0), at + contract.fieldHoleStart);
  image.writeBigUInt64LE(BigInt(spec.hole?.end ?? 0), at + contract.fieldHoleEnd);
  const { processor } = spec;
  const looks = processor === undefined ? 0 : processorCodes[processor];
  image.writeUInt32LE(looks, at + contract.fieldProcessor);
  image.writeUInt32LE(spec.flushesEachPass === true ? 1 : 0, at + contract.fieldFlush);
  image.writeBigUInt64LE(BigInt(spec.hot?.pages ?? 0), at + contract.fieldHotPages);
  image.writeBigUInt64LE(BigInt(spec.hot?.coldPages ?? 0), at + contract.fieldColdPages);
  image.writeUInt32LE(spec.pulsePort ?? 0, at + contract.fieldPulsePort);
  return image;
}

export function badGuestSpec(arch: string, problem: string): HarnessError {
  return usageError('bad-guest-spec', `the ${arch} guest cannot do this: ${problem}`);
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
      message: `the guest image ${path} cannot be read: ${fileProblem(cause)}`,
      cause,
    });
  }
  const at = platform.blockOffset;
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
      message: `the guest image ${path} is not one that this version of Drover made; restore it from the package or the clone`,
    });
  }
  return image;
}
