import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Demand, Limits } from '../../model/demand.js';
import { Tokens } from '../../schedule/tokens.js';
import { Chooser } from './chooser.js';
import type { WaitingQueue } from './chooser.js';

const limits: Limits = { slots: 2, cpu: 2, memoryBytes: 1000, sharedMemoryBytes: 0 };
const usual: Demand = { cpu: 1, memoryBytes: 100, sharedMemoryBytes: 0, exclusive: [] };

function queue(name: string, priority: number, demand: Partial<Demand> = {}): WaitingQueue {
  const digest = 'a'.repeat(64);
  return {
    name,
    priority,
    need: {
      ...{ arch: 'x86_64', source: digest, destination: digest, accel: 'tcg', facts: [] },
      demand: { ...usual, ...demand, exclusive: [...(demand.exclusive ?? [])] },
    },
  };
}

test('the longest attempt that fits is next', () => {
  const chooser = new Chooser(limits);
  const tokens = new Tokens(limits);
  const waiting = [queue('short', 1), queue('long', 9), queue('large', 99, { memoryBytes: 5000 })];
  assert.equal(chooser.choose(waiting, tokens)?.name, 'long', 'large never fits on this host');
  assert.equal(chooser.choose([], tokens), undefined);
});

test('an attempt that needs the host alone is not overtaken for ever', () => {
  const chooser = new Chooser(limits);
  const tokens = new Tokens(limits);
  const waiting = [queue('alone', 9, { exclusive: ['host'] }), queue('short', 1)];
  tokens.take(usual);
  let overtakes = 0;
  // one place is always taken by short ones
  for (; chooser.choose(waiting, tokens)?.name === 'short'; overtakes++) assert.ok(overtakes < 100);
  assert.equal(overtakes, 8);
  assert.equal(chooser.choose(waiting, tokens), undefined, 'nothing else starts now');
  tokens.giveBack(usual);
  assert.equal(chooser.choose(waiting, tokens)?.name, 'alone');
});
