/** The table of faults allows nothing by mistake that the rule of one forbids. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndPair } from '../../model/fault-report.js';
import { faultCases } from './fault-table.js';
import type { FaultCase } from './fault-table.js';

const cases = Object.entries<FaultCase>(faultCases);

const running = (pair: EndPair): number =>
  pair.split('/').filter((state) => state === 'runs').length;

test('after every fault exactly one guest runs, but for a hazard that is named', () => {
  for (const [name, { after, hazard }] of cases) {
    for (const pair of after) {
      const expected = hazard === undefined ? 1 : hazard === 'both-run' ? 2 : 0;
      assert.equal(running(pair), expected, `${name}: ${pair}`);
    }
  }
});

test('a manager leaves no hazard, and no two guests run before it acts', () => {
  for (const [name, { profile, before, hazard }] of cases) {
    if (profile === 'bare') continue;
    assert.equal(hazard, undefined, name);
    assert.ok(
      before.every((pair) => running(pair) <= 1),
      name,
    );
  }
});

test('the source never goes, and something is always allowed', () => {
  for (const [name, { before, rungs, after }] of cases) {
    assert.ok(
      [...before, ...after].every((pair) => !pair.startsWith('gone')),
      name,
    );
    assert.ok(before.length > 0 && after.length > 0 && rungs.length > 0, name);
    assert.ok(!rungs.includes('SIGKILL'), name);
  }
});
