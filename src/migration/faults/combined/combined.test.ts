/** Names, choices and the table of ends of combined faults. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setsOf } from '../../../model/covering.js';
import type { EndPair } from '../../../model/fault-report.js';
import { coveringFaults, randomFaults } from './choose.js';
import { combinedFaultOf, pathOf, rowOf } from './combination.js';
import { expectedRows } from './expected-rows.js';
import { expectedOf } from './expected.js';
import { allCombinations, forbidding, rules } from './incompatible.js';
import { initialFaults } from './strike.js';
import { kinds, wireFaultsOf } from './kinds.js';

const none = { afterMs: undefined, atBytes: undefined, amount: undefined };

const { valid, dropped } = allCombinations();
const running = (pair: EndPair): number =>
  pair.split('/').filter((state) => state === 'runs').length;

test('a path names one fault, and that fault has this path', () => {
  for (const fault of [...coveringFaults('full', 1), ...randomFaults(300, 5)]) {
    const { detail, ...named } = combinedFaultOf(pathOf(fault)) ?? assert.fail();
    assert.deepEqual(
      { ...named, detail: { ...none, ...detail } },
      { ...fault, detail: { ...none, ...fault.detail } },
    );
  }
  const [{ ...some }] = [valid[0] ?? assert.fail()];
  const path = pathOf({ ...some, detail: { afterMs: 7, amount: 3 } });
  assert.match(path, /\/after-7ms\/amount-3$/);
  for (const wrong of [
    `${path}/x`,
    path.replace('after-7ms/', ''),
    `${path}0x1`,
    '/migration/faults/precopy/unix/stall',
  ]) {
    assert.notDeepEqual(combinedFaultOf(wrong)?.detail, {
      afterMs: 7,
      atBytes: undefined,
      amount: 3,
    });
  }
  assert.equal(combinedFaultOf('/migration/faults/precopy/unix/stall'), undefined);
});

test('level full has every pair of values that goes together', () => {
  const pairs = (rows: readonly string[][]): Set<string> =>
    new Set(rows.flatMap((row) => setsOf(row, 2)));
  const all = pairs(valid.map(rowOf));
  const chosen = pairs(coveringFaults('full', 9).map(rowOf));
  assert.ok(all.size > 200, String(all.size));
  assert.deepEqual(
    [...all].filter((pair) => !chosen.has(pair)),
    [],
  );
  assert.ok(coveringFaults('full', 9).every((fault) => forbidding(fault) === undefined));
});

test('every kind of fault is in level smoke, and the rules are all needed', () => {
  const chosen = new Set(coveringFaults('smoke', 2).map(({ fault }) => fault));
  assert.deepEqual([...chosen].sort(), Object.keys(kinds).sort());
  assert.deepEqual(
    rules.filter((rule) => !dropped.has(rule)).map(({ why }) => why),
    [],
  );
});

test('random fault number 7 is the same however many there are', () => {
  assert.deepEqual(randomFaults(8, 3)[7], randomFaults(50, 3)[7]);
  assert.notDeepEqual(randomFaults(8, 3), randomFaults(8, 4));
});

test('every row of the table is reached, and the last state is one of its own', () => {
  const reached = new Set(valid.map((each) => expectedOf(each).where));
  assert.deepEqual(
    expectedRows.filter(({ where }) => !reached.has(where)).map(({ why }) => why),
    [],
  );
});

test('with a manager, or before the switchover, two guests never run', () => {
  for (const each of valid) {
    const { after } = expectedOf(each);
    const isEarly = each.stage === 'setup' || each.stage === 'memory';
    const isForth = each.direction !== 'source' && each.fault !== 'hold-back';
    const isManaged = each.profile === 'managed';
    if (!isManaged && !(isEarly && isForth)) continue;
    assert.ok(
      after.every((pair) => running(pair) <= 1),
      JSON.stringify(each),
    );
  }
});

test('a migration that is only slowed has one end', () => {
  for (const each of valid) {
    if (kinds[each.fault].meaning !== 'slows') continue;
    assert.deepEqual(expectedOf(each).after, ['paused/runs']);
    assert.deepEqual(expectedOf(each).rungs, ['none']);
  }
});

test('a fault of a channel is ordered for it, one of a process for none', () => {
  for (const each of valid) {
    const fault = { ...each, detail: {} };
    const ordered = wireFaultsOf(fault);
    if (each.channel === 'process') assert.deepEqual(ordered, []);
    else assert.equal(ordered.length, each.direction === 'both' ? 2 : 1);
    assert.equal(initialFaults({ ...fault, detail: { afterMs: 1 } }).length, 0);
  }
});
