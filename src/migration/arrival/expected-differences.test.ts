import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bytesForReason,
  expectedDifferences,
  ramReasonsFor,
  reasonsFor,
} from './expected-differences.js';

/** A section in which these bytes differ between the two sides. */
function reasons(
  places: readonly number[],
  { name = 'mc146818rtc', version = 3, length = 245 } = {},
): string[] | undefined {
  const second = Buffer.alloc(length);
  for (const at of places) second[at] = 0x59;
  return reasonsFor({ name, version, first: Buffer.alloc(length), second });
}

const time = [0, 2, 4, 6, 7, 8, 9, 0x32, 0x37];
/** flags that a read clears */
const registerC = 12;
/** the lowest bytes of the two times of the next tick */
const nanoseconds = [236, 244];

/** With these times of the next tick and of the next alarm on the two sides. */
function ticking(
  sourceTicks: readonly [bigint, bigint],
  destinationTicks: readonly [bigint, bigint],
): string[] | undefined {
  const sides = [sourceTicks, destinationTicks].map(([tick, alarm]) => {
    const section = Buffer.alloc(245);
    section.writeBigInt64BE(tick, 229);
    section.writeBigInt64BE(alarm, 237);
    return section;
  });
  const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = sides;
  return reasonsFor({ name: 'mc146818rtc', version: 3, first, second });
}

test('the next ticks of the clock may be whole seconds apart, or not set on one side', () => {
  const second = 1_000_000_000n;
  const [tick, alarm] = [7n * second + 3n, 9n * second + 3n];
  for (const other of [alarm, tick + second, tick - 86_400n * second, tick + 1000n, -1n]) {
    assert.match(ticking([tick, alarm], [other, alarm])?.[0] ?? '', /next tick/, String(other));
  }
  for (const other of [tick + 2001n, tick ^ (1n << 62n), tick + second / 2n]) {
    assert.equal(ticking([tick, alarm], [other, alarm]), undefined, String(other));
    assert.equal(ticking([alarm, tick], [alarm, other]), undefined, String(other));
  }
});

test('the time of day and flags of the clock may differ, and no other byte of it', () => {
  for (let at = 0; at < 245; at++) {
    const found = reasons([at]);
    if (time.includes(at)) assert.match(found?.[0] ?? '', /time of day/, String(at));
    else if (nanoseconds.includes(at)) assert.match(found?.[0] ?? '', /next tick/, String(at));
    else if (at === registerC) assert.match(found?.[0] ?? '', /sets the flag/);
    else assert.equal(found, undefined, String(at));
  }
  assert.equal(reasons([...time, registerC])?.length, 2, 'each reason once');
  assert.equal(reasons([...time, 1]), undefined, 'one byte beside the time');
});

test('another version of a section, or another length, is never expected', () => {
  assert.equal(reasons([0], { version: 2 }), undefined);
  const [first, second] = [Buffer.alloc(245), Buffer.alloc(246)];
  assert.equal(reasonsFor({ name: 'mc146818rtc', version: 3, first, second }), undefined);
});

test('a PCI device is known with its address in front, and no other device by its end', () => {
  const e1000e = { version: 1, length: 136_069 };
  for (const name of ['e1000e', '0000:00:02.0/e1000e', '00:02.0/e1000e']) {
    assert.match(reasons([4205], { ...e1000e, name })?.[0] ?? '', /derives it/, name);
  }
  for (const name of ['e1000', 'other/e1000e', '0000:00:02.0/e1000e-ctl', '0000:00:02.8/e1000e']) {
    assert.equal(reasons([4205], { ...e1000e, name }), undefined, name);
  }
  for (const at of [4204, 4226]) {
    assert.equal(reasons([at], { ...e1000e, name: 'e1000e' }), undefined, String(at));
  }
});

test('every row says why', () => {
  for (const { device, reason, fields, bytes } of expectedDifferences) {
    assert.ok(reason.length > 10 && fields.length > 0);
    assert.equal(bytes.length === 0, device === 's390-skeys', device);
  }
});

test('of a byte with flags only the flag that is known may differ', () => {
  const pair = { name: 'goldfish_rtc', version: 3, first: Buffer.alloc(40) };
  const at = (byte: number, value: number): string[] | undefined => {
    const second = Buffer.alloc(40);
    second[byte] = value;
    return reasonsFor({ ...pair, second });
  };
  assert.match(at(23, 1)?.[0] ?? '', /never set/);
  assert.equal(at(23, 2), undefined);
  assert.equal(at(23, 3), undefined);
  assert.equal(at(22, 1), undefined);
});

test('what a row demands besides must hold', () => {
  const differs = (name: string, version: number, first: Buffer, second: Buffer): boolean =>
    reasonsFor({ name, version, first, second }) === undefined;
  const pending = Buffer.alloc(40);
  pending[23] = 1;
  assert.ok(differs('goldfish_rtc', 3, pending, Buffer.alloc(40)), 'an interrupt that was lost');
  const [set, due] = [Buffer.alloc(40), Buffer.from(pending)];
  for (const state of [set, due]) state[15] = 1;
  assert.ok(differs('goldfish_rtc', 3, set, due), 'an alarm that was set');

  const spapr = (timebase: bigint, ns: bigint): Buffer => {
    const section = Buffer.alloc(32);
    section.writeBigUInt64BE(timebase, 0);
    section.writeBigUInt64BE(ns, 8);
    return section;
  };
  const now = spapr(0x2475e98b0655n, 1_796_039_631_275_165_000n);
  assert.ok(!differs('spapr', 3, now, spapr(0x2475e9684a07n, 1_796_039_631_274_288_000n)));
  assert.ok(differs('spapr', 3, now, spapr(0n, 1_796_039_631_274_288_000n)), 'no time base');
  assert.ok(differs('spapr', 3, now, spapr(0x2475e9684a07n, 0n)), 'no time of day');

  const clock = (seconds: number, rest: string): Buffer =>
    Buffer.concat([Buffer.of(0, 0, 0, seconds), Buffer.alloc(20), Buffer.from(rest)]);
  const subsection = 'pl031/tick-offset';
  assert.ok(!differs('pl031', 1, clock(3, subsection), clock(4, subsection)));
  assert.ok(differs('pl031', 1, clock(3, ''), clock(4, '')), 'the only copy of the clock');
});

test('storage keys may come into being at the destination, all zero and whole', () => {
  const end = Buffer.from('0000000000000001', 'hex');
  const keys = (address: bigint, values: readonly number[]): Buffer => {
    const head = Buffer.alloc(16);
    head.writeBigUInt64BE(address | 2n, 0);
    head.writeBigUInt64BE(BigInt(values.length), 8);
    return Buffer.concat([head, Buffer.from(values)]);
  };
  const found = (first: Buffer, ...second: Buffer[]): string[] | undefined =>
    reasonsFor({ name: 's390-skeys', version: 1, first, second: Buffer.concat(second) });
  assert.equal(found(end, keys(0n, [0, 0, 0]), keys(0x10000n, [0]), end)?.length, 1);
  assert.equal(found(end, keys(0n, [0, 0x10, 0]), end), undefined, 'a value');
  assert.equal(found(end, keys(0n, [0, 0])), undefined, 'without an end');
  assert.equal(found(end, keys(0n, [0, 0]), end, end), undefined, 'more behind the end');
  assert.equal(found(end, Buffer.concat([keys(0n, [0]).subarray(0, 15), end])), undefined, 'cut');
  assert.equal(found(keys(0n, [0]), keys(0n, [0, 0]), end), undefined, 'keys that were there');
  assert.equal(found(keys(0n, [7]), keys(0n, [8])), undefined, 'other keys');
});

test('a RAM block that loading writes may differ there, and in no other byte', () => {
  const second = Buffer.alloc(4096);
  second[0x0c] = 4;
  assert.match(ramReasonsFor('vmclock_page', Buffer.alloc(4096), second)?.[0] ?? '', /counts them/);
  assert.equal(ramReasonsFor('other_page', Buffer.alloc(4096), second), undefined);
  for (const at of [0x0b, 0x18, 4095]) {
    const third = Buffer.from(second);
    third[at] = 1;
    assert.equal(ramReasonsFor('vmclock_page', Buffer.alloc(4096), third), undefined, String(at));
  }
  assert.equal(bytesForReason('mig.mem'), undefined);
});
