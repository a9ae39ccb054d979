import type { GuestSpec } from './spec.js';
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { folderFor } from '../model/scratch.fixtures.js';
import { HarnessError } from '../model/errors.js';
import { guestContract as contract } from './contract.js';
import { isArch, platforms } from '../model/arch.js';
import { buildGuestImage } from './image.js';
import { guestPlatforms } from './platforms.js';

const usual: GuestSpec = {
  arch: 'x86_64',
  range: platforms.x86_64.range,
  ramBytes: platforms.x86_64.ramBytes,
};

function refusal(change: Partial<GuestSpec>): HarnessError {
  try {
    buildGuestImage({ ...usual, ...change });
  } catch (error) {
    assert.ok(error instanceof HarnessError, String(error));
    assert.equal(error.blame, 'usage');
    return error;
  }
  return assert.fail(`${JSON.stringify(change)} was accepted`);
}

test('the parameter block says what was asked for, and nothing else of the image changes', () => {
  const committed = readFileSync(new URL('../../guest/x86/drover-x86.bin', import.meta.url));
  const image = buildGuestImage({
    ...usual,
    range: { start: 0x200000, end: 0x4000000, step: 0x2000 },
    suspend: true,
    passesPerB: 7,
  });
  const block = image.subarray(contract.blockOffset, contract.blockOffset + contract.blockBytes);
  assert.equal(block.toString('latin1', 0, 8), 'DROVERG1');
  assert.equal(block.readUInt32LE(0x08), 2);
  assert.equal(block.readUInt32LE(0x0c), 256);
  assert.equal(block.readBigUInt64LE(0x10), 0x200000n);
  assert.equal(block.readBigUInt64LE(0x18), 0x4000000n);
  assert.equal(block.readBigUInt64LE(0x20), 0x2000n);
  assert.equal(block.readUInt32LE(0x28), 0);
  assert.equal(block.readUInt32LE(0x2c), 1);
  assert.equal(block.readUInt32LE(0x30), 1);
  assert.equal(block.readUInt32LE(0x34), 7);
  assert.ok(block.subarray(0x38).every((byte) => byte === 0));
  assert.deepEqual(image.subarray(contract.blockBytes), committed.subarray(contract.blockBytes));
});

test('two images do not share their bytes', () => {
  const first = buildGuestImage(usual);
  const second = buildGuestImage({ ...usual, suspend: true });
  assert.equal(first.readUInt32LE(contract.fieldSuspend), 0);
  assert.equal(second.readUInt32LE(contract.fieldSuspend), 1);
});

test('the guest is asked for what it is to look at, and one that cannot look refuses', () => {
  const looks = (processor: GuestSpec['processor']): number =>
    buildGuestImage({ ...usual, processor }).readUInt32LE(contract.fieldProcessor);
  assert.deepEqual([looks(undefined), looks('values'), looks('timers')], [0, 1, 2]);
  const { range: own, ramBytes } = platforms.riscv64;
  assert.match(
    refusal({ arch: 'riscv64', range: own, ramBytes, processor: 'timers' }).message,
    /only the x86_64 guest looks at its processor/,
  );
});

test('the committed image of each architecture asks for its default range as it is', () => {
  for (const { arch, image } of guestPlatforms) {
    const committed = readFileSync(new URL(`../../guest/${image}`, import.meta.url));
    assert.ok(isArch(arch));
    const { range, ramBytes } = platforms[arch];
    assert.deepEqual(buildGuestImage({ arch, range, ramBytes }), committed);
  }
});

test('an image without the suspend variant refuses it', () => {
  const { range: own, ramBytes } = platforms.riscv64;
  assert.match(
    refusal({ arch: 'riscv64', range: own, ramBytes, suspend: true }).message,
    /cannot suspend/,
  );
});

test('a range below RAM, or beyond it, is refused where RAM does not begin at 0', () => {
  const { range: own, ramBytes } = platforms.aarch64;
  const refused = (change: Partial<typeof own>): string =>
    refusal({ arch: 'aarch64', range: { ...own, ...change }, ramBytes }).message;
  assert.match(refused({ start: 0x100000 }), /below 0x40100000/);
  assert.match(refused({ end: 0x49601000 }), /beyond the machine's RAM/);
});

test('RAM that the machine cannot have in that size is refused', () => {
  const { range: own } = platforms.ppc64;
  const error = refusal({ arch: 'ppc64', range: own, ramBytes: 300 * 2 ** 20 });
  assert.match(error.message, /RAM of 0x12c00000 bytes is not a multiple of 0x10000000/);
});

test('an x86 image has a jump at the reset vector', () => {
  const image = buildGuestImage(usual);
  assert.equal(image[contract.x86ImageBytes - 16], 0xe9);
  assert.equal(contract.x86ImageAddress + contract.x86ImageBytes, 2 ** 32);
});

test('an architecture without an image is refused with the list of those that have one', () => {
  const error = refusal({ arch: 'm68k' });
  assert.equal(error.code, 'no-guest-image');
  assert.match(error.message, /m68k.*x86_64, i386/);
});

const range = usual.range;
const refusals: readonly (readonly [string, Partial<GuestSpec>, RegExp])[] = [
  ['an empty range', { range: { ...range, end: range.start } }, /is empty/],
  [
    'a range that ends before it starts',
    { range: { ...range, start: 0x800000, end: 0x400000 } },
    /is empty/,
  ],
  [
    'a start off a page boundary',
    { range: { ...range, start: 0x100001 } },
    /start 0x100001 is not a multiple/,
  ],
  [
    'an end off a page boundary',
    { range: { ...range, end: 0x6400800 } },
    /end 0x6400800 is not a multiple/,
  ],
  [
    'a step of less than a page',
    { range: { ...range, step: 512 } },
    /step 0x200 is not a multiple/,
  ],
  ['a step of zero', { range: { ...range, step: 0 } }, /step is 0/],
  ['a negative start', { range: { ...range, start: -4096 } }, /start is -4096/],
  ['a start that is no number', { range: { ...range, start: NaN } }, /start is NaN/],
  ['a last step cut short', { range: { ...range, step: 0x5000 } }, /whole number of steps/],
  ['a range over its scratch memory', { range: { ...range, start: 0xff000 } }, /below 0x100000/],
  ['a range beyond RAM', { ramBytes: 0x6000000 }, /beyond the machine's RAM of 0x6000000/],
  [
    'a range across the PCI hole',
    { range: { ...range, end: 0x80001000 }, ramBytes: 2 ** 33 },
    /q35 has none at 0x80000000, .* its hole; RAM lies at 0x0-0x80000000 and 0x100000000-0x280000000/,
  ],
  ['65 writers', { writers: 65 }, /cannot run 65 writers, only 1 to 64/],
  ['no writer', { writers: 0 }, /cannot run 0 writers/],
  ['half a writer', { writers: 1.5 }, /cannot run 1.5 writers/],
  [
    'more writers than pages',
    { range: { ...range, end: range.start + 8192 }, writers: 3 },
    /3 writers cannot share 2 pages/,
  ],
  ['a pace of 0', { pacePagesPerSecond: 0 }, /a pace of 0 pages per second/],
  ['less than a page a second', { pacePagesPerSecond: 2, writers: 3 }, /at least 1 a writer/],
  ['a pace beyond 32 bits', { pacePagesPerSecond: 2 ** 32 }, /a pace of 4294967296/],
  ['pulses to no port', { pulsePort: 0x10000 }, /no port for pulses/],
  ['two writers that suspend', { suspend: true, writers: 2 }, /only one writer/],
  ['wide stamps that suspend', { suspend: true, stamp: 'wide' }, /only one writer/],
  ['a heartbeat in the range', { heartbeatAddress: 0x200000 }, /lies within the range/],
  ['a heartbeat off a page', { heartbeatAddress: 0x9f008 }, /not a multiple/],
  ['a heartbeat in scratch memory', { heartbeatAddress: 0x8000 }, /which is not free/],
  ['a heartbeat beyond RAM', { heartbeatAddress: 0x10000000 }, /not in the machine's RAM/],
  [
    'a hole outside the range',
    { hole: { start: 0x6400000, end: 0x6500000 } },
    /does not lie within the range/,
  ],
  [
    'a hole that cuts a step',
    { range: { ...range, step: 0x2000 }, hole: { start: 0x201000, end: 0x300000 } },
    /not a whole number of steps/,
  ],
  ['a hole off a page', { hole: { start: 0x200800, end: 0x300000 } }, /hole start 0x200800/],
  [
    'more than 32-bit mode reaches',
    {
      arch: 'i386',
      machine: 'pc',
      range: { ...range, end: 0x140000000 },
      hole: { start: 0xc0000000, end: 0x100000000 },
      ramBytes: 2 ** 32,
    },
    /reaches no address from 0x100000000 on/,
  ],
  [
    'a hot part as large as a slice',
    {
      range: { ...range, end: range.start + 8 * 4096 },
      writers: 2,
      hot: { pages: 4, coldPages: 1 },
    },
    /room for a hot part of 3 pages, not 4: it leaves at least one other page/,
  ],
  ['a hot part without pages', { hot: { pages: 0, coldPages: 1 } }, /0 pages and pieces of 1/],
  ['a cold part that never comes', { hot: { pages: 1, coldPages: 0 } }, /1 pages and pieces of 0/],
  ['33 hot parts', { writers: 33, hot: { pages: 1, coldPages: 1 } }, /it can run 32 of them/],
  [
    'a hot part of another architecture',
    {
      arch: 'aarch64',
      hot: { pages: 1, coldPages: 1 },
      range: { ...range, start: 0x40200000, end: 0x40400000 },
    },
    /the aarch64 guest cannot do this: it has no hot part/,
  ],
  [
    'a flush in each pass of another architecture',
    {
      arch: 'riscv64',
      flushesEachPass: true,
      range: { ...range, start: 0x80200000, end: 0x80400000 },
    },
    /the riscv64 guest cannot do this: it cannot be made to flush/,
  ],
  ['a hot part that suspends', { suspend: true, hot: { pages: 1, coldPages: 1 } }, /no hot part/],
  ['a B after 0 passes', { passesPerB: 0 }, /passesPerB is 0/],
  ['a B after a part of a pass', { passesPerB: 1.5 }, /passesPerB is 1.5/],
];

for (const [what, change, message] of refusals) {
  test(`${what} is refused`, () => {
    const error = refusal(change);
    assert.equal(error.code, 'bad-guest-spec');
    assert.match(error.message, message);
  });
}

test('a range that ends where RAM ends is accepted', () => {
  const image = buildGuestImage({ ...usual, ramBytes: range.end });
  assert.equal(image.readBigUInt64LE(contract.fieldEnd), BigInt(range.end));
});

test('a missing image and a foreign one give different errors, neither blamed on the user', (t) => {
  const folder = folderFor(t);
  const images = pathToFileURL(`${folder}/`);
  const codeOf = (): string => {
    try {
      buildGuestImage(usual, images);
    } catch (error) {
      assert.ok(error instanceof HarnessError);
      assert.equal(error.blame, 'host');
      return error.code;
    }
    return assert.fail('accepted');
  };
  assert.equal(codeOf(), 'guest-image-missing');
  mkdirSync(join(folder, 'x86'));
  const path = join(folder, 'x86', 'drover-x86.bin');
  const whole = buildGuestImage(usual);
  writeFileSync(path, whole.subarray(0, 100));
  assert.equal(codeOf(), 'guest-image-damaged');
  whole.writeUInt32LE(1, contract.fieldVersion);
  writeFileSync(path, whole);
  assert.equal(codeOf(), 'guest-image-damaged');
});
