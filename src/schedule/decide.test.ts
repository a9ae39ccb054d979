/**
 * Over random workloads: never more than there is, never a test that waits for ever, no needless
 * gap.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Demand, Limits } from '../model/demand.js';
import { exclusives } from '../model/demand.js';
import { Decider } from './decide.js';
import type { Waiting } from './decide.js';

const limits: fc.Arbitrary<Limits> = fc.record(
  {
    slots: fc.integer({ min: 1, max: 8 }),
    cpu: fc.integer({ min: 1, max: 8 }),
    memoryBytes: fc.integer({ min: 10, max: 100 }),
    sharedMemoryBytes: fc.integer({ min: 0, max: 20 }),
  },
  { requiredKeys: ['slots', 'memoryBytes', 'sharedMemoryBytes'] },
);

const workload = limits.chain((given) =>
  fc.record({
    limits: fc.constant(given),
    items: fc.array(
      fc.record({
        round: fc.integer({ min: 1, max: 3 }),
        expectedMs: fc.integer({ min: 0, max: 1000 }),
        demand: fc.record({
          cpu: fc.constantFrom(0.1, 0.5, 1, 1.5, 3),
          memoryBytes: fc.integer({ min: 0, max: given.memoryBytes }),
          sharedMemoryBytes: fc.integer({ min: 0, max: given.sharedMemoryBytes }),
          exclusive: fc.oneof(
            { weight: 4, arbitrary: fc.constant([]) },
            { weight: 1, arbitrary: fc.subarray([...exclusives]) },
          ),
        }),
      }),
      { minLength: 1, maxLength: 60 },
    ),
    /** which of the running ones ends next */
    ends: fc.infiniteStream(fc.nat(1000)),
  }),
);

function sum(running: readonly Waiting[], of: (demand: Demand) => number): number {
  return running.reduce((total, { demand }) => total + of(demand), 0);
}

function requireWithin(running: readonly Waiting[], given: Limits): void {
  const { cpu = Infinity, slots, memoryBytes, sharedMemoryBytes } = given;
  assert.ok(running.length <= slots, 'slots');
  assert.ok(sum(running, (demand) => demand.memoryBytes) <= memoryBytes, 'memory');
  assert.ok(sum(running, (demand) => demand.sharedMemoryBytes) <= sharedMemoryBytes, '/dev/shm');
  const weight = sum(running, (demand) => demand.cpu);
  assert.ok(running.length === 1 || weight <= cpu + 0.001, `cpu ${weight} of ${cpu}`);
  const taken = running.flatMap(({ demand }) => demand.exclusive);
  assert.equal(new Set(taken).size, taken.length, 'one test has an exclusive thing');
  assert.ok(!taken.includes('host') || running.length === 1, 'alone on the host');
}

function nextOf(stream: fc.Stream<number>): number {
  const result = stream.next();
  return result.done === true ? 0 : result.value;
}

test('capacity is never exceeded, and every test is started', () => {
  fc.assert(
    fc.property(workload, ({ limits: given, items, ends }) => {
      const decider = new Decider<Waiting>(given);
      for (const item of items) decider.add(item);
      const running: Waiting[] = [];
      let started = 0;
      for (;;) {
        for (let item = decider.next(); item !== undefined; item = decider.next()) {
          running.push(item);
          started += 1;
          requireWithin(running, given);
        }
        if (running.length === 0) break;
        const [ended] = running.splice(nextOf(ends) % running.length, 1);
        if (ended !== undefined) decider.done(ended);
      }
      assert.equal(started, items.length);
      assert.equal(decider.waiting, 0);
    }),
    { numRuns: 500 },
  );
});

test('an endless stream of small tests does not starve a large one', () => {
  fc.assert(
    fc.property(workload, ({ limits: given, items, ends }) => {
      const decider = new Decider<Waiting>(given);
      for (const item of items) decider.add(item);
      const large: Waiting = {
        round: 1,
        expectedMs: 1,
        demand: {
          cpu: 1,
          memoryBytes: given.memoryBytes,
          sharedMemoryBytes: 0,
          exclusive: ['host'],
        },
      };
      decider.add(large);
      // whatever was there before it may take its turn first, each passing it a few times
      const bound = (items.length + 1) * (4 * given.slots + 1);
      const running: Waiting[] = [];
      for (let started = 0; ;) {
        const item = decider.next();
        if (item === large) return;
        if (item !== undefined) {
          running.push(item);
          started += 1;
          assert.ok(started <= bound, `not started after ${started} others`);
          decider.add({
            round: 4 + started,
            expectedMs: 500,
            demand: { cpu: 0.1, memoryBytes: 0, sharedMemoryBytes: 0, exclusive: [] },
          });
        } else {
          const [ended] = running.splice(nextOf(ends) % running.length, 1);
          assert.ok(ended !== undefined, 'something waits and nothing runs');
          decider.done(ended);
        }
      }
    }),
    { numRuns: 200 },
  );
});

const small: Demand = { cpu: 1, memoryBytes: 1, sharedMemoryBytes: 0, exclusive: [] };

test('the longest comes first, and a shorter one fills the gap beside one that does not fit', () => {
  const decider = new Decider<Waiting & { name: string }>({
    slots: 3,
    memoryBytes: 10,
    sharedMemoryBytes: 0,
  });
  decider.add({ name: 'short', round: 1, expectedMs: 1, demand: small });
  decider.add({ name: 'long', round: 1, expectedMs: 9, demand: { ...small, memoryBytes: 6 } });
  decider.add({ name: 'middle', round: 1, expectedMs: 5, demand: { ...small, memoryBytes: 6 } });
  const [long, short, none] = [decider.next(), decider.next(), decider.next()];
  assert.deepEqual([long?.name, short?.name, none], ['long', 'short', undefined]);
  assert.ok(long !== undefined);
  decider.done(long);
  assert.equal(decider.next()?.name, 'middle');
  assert.equal(decider.reservedBytes, 7);
});

test('of equally long tests the first stays first', () => {
  const decider = new Decider<Waiting & { name: string }>({
    slots: 9,
    memoryBytes: 10,
    sharedMemoryBytes: 0,
  });
  for (const name of ['a', 'b', 'c']) decider.add({ name, round: 1, expectedMs: 1, demand: small });
  assert.deepEqual(
    [decider.next(), decider.next(), decider.next()].map((item) => item?.name),
    ['a', 'b', 'c'],
  );
});
