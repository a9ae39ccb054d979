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
const ticks = Array.from({ length: 16 }, (_, index) => 229 + index);

test('the time of day, flags and next ticks of the clock may differ, and no other byte of it', () => {
  for (let at = 0; at < 245; at++) {
    const found = reasons([at]);
    if (time.includes(at)) assert.match(found?.[0] ?? '', /time of day/, String(at));
    else if (ticks.includes(at)) assert.match(found?.[0] ?? '', /next tick/, String(at));
    else if (at === registerC) assert.match(found?.[0] ?? '', /sets the flag/);
    else assert.equal(found, undefined, String(at));
  }
  assert.equal(reasons([...time, ...ticks])?.length, 2, 'each reason once');
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
  for (const { reason, fields, bytes } of expectedDifferences) {
    assert.ok(reason.length > 10 && fields.length > 0 && bytes.length > 0);
  }
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
