import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '../../model/json.js';
import { reasonFor } from './expected-differences.js';

const reason = (section: string, path: string, a?: Json, b?: Json): string | undefined =>
  reasonFor(section, { path, a, b }, true);

/** memory of the clock chip in which these bytes differ from zero */
function cmos(...places: readonly number[]): string {
  const bytes = Buffer.alloc(128);
  for (const at of places) bytes[at] = 0x59;
  return bytes.toString('hex');
}

const clock = (a?: Json, b?: Json): string | undefined => reason('mc146818rtc', 'cmos_data', a, b);

test('the bytes with the time of day may differ, and no other byte of that memory', () => {
  const time = [0, 2, 4, 6, 7, 8, 9, 0x32, 0x37];
  for (const at of time) assert.match(clock(cmos(), cmos(at)) ?? '', /time of day/, String(at));
  assert.match(clock(cmos(...time), cmos()) ?? '', /time of day/);
  for (let at = 0; at < 128; at++) {
    if (time.includes(at)) continue;
    assert.equal(clock(cmos(), cmos(at)), undefined, String(at));
    assert.equal(clock(cmos(at), cmos(...time)), undefined, `${at} beside the time`);
  }
});

test('memory of another length, or of another form, counts', () => {
  assert.equal(clock(cmos(), cmos().slice(2)), undefined);
  assert.equal(clock(cmos(), [0]), undefined);
  assert.equal(clock(0, 1), undefined);
});

test('a PCI device is known with its address in front, and no other device by its end', () => {
  const path = 'core.rx_desc_len';
  for (const section of ['e1000e', '0000:00:02.0/e1000e', '00:02.0/e1000e']) {
    assert.match(reason(section, path, 0, 16) ?? '', /derives it/, section);
  }
  for (const section of [
    'e1000',
    'other/e1000e',
    '0000:00:02.0/e1000e-ctl',
    '0000:00:02.8/e1000e',
  ]) {
    assert.equal(reason(section, path, 0, 16), undefined, section);
  }
  assert.match(reason('e1000e', 'core.rxbuf_sizes[3]', 0, 2048) ?? '', /derives it/);
});

test('other fields of such a device count, also those that only begin or end like it', () => {
  for (const path of ['core.mac[0]', 'core.rx_desc_len2', 'x.core.rx_desc_len']) {
    assert.equal(reason('e1000e', path, 0, 1), undefined, path);
  }
  assert.match(reason('mc146818rtc', 'update_timer', '1 ns', '2 ns') ?? '', /follows the host/);
  assert.equal(reason('hpet', 'update_timer', '1 ns', '2 ns'), undefined);
});

test('a field that one side lacks counts', () => {
  assert.equal(reason('mc146818rtc', 'update_timer', '1 ns'), undefined);
  assert.equal(reason('mc146818rtc', 'update_timer', undefined, '1 ns'), undefined);
  assert.equal(clock(undefined, cmos()), undefined);
  assert.match(reason('mc146818rtc', 'update_timer', null, '1 ns') ?? '', /follows the host/);
});

test('between two QEMUs a field may be in what one of them saves, and no value may differ', () => {
  const field = { path: 'pm.cpuhp', a: undefined, b: 0 };
  assert.equal(reasonFor('ICH9LPC', field, false), 'only the destination saves it');
  assert.equal(reasonFor('ICH9LPC', field, true), undefined);
  assert.equal(reasonFor('ICH9LPC', { path: 'pm.cpuhp', a: 1, b: 0 }, false), undefined);
});
