/** The rule of one is checked: each of these would go unseen if the checks looked at nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bitFlip } from '../../migration/faults/bit-flip.js';
import { faultMigration } from '../../migration/faults/fault-flow.js';
import { faultCases } from '../../migration/faults/fault-table.js';
import type { FaultCase } from '../../migration/faults/fault-table.js';
import { startPair } from '../../migration/pair.js';
import { contractError } from '../../model/errors.js';
import { facts, failureOf, outcomeOf, qemu } from '../attempt.fixtures.js';
import { byteStamps, migrationTest } from '../definition.js';
import type { TestDefinition } from '../definition.js';
import { unixSocket } from './unix-socket.js';

const { skip } = qemu;
const timeoutMs = 120_000;

const faultTest = (fault: FaultCase): TestDefinition =>
  migrationTest({ ...facts, run: async (context) => await faultMigration(context, fault) });

test('two guests that run are reported as a hazard where it is known', { skip }, async () => {
  const outcome = await outcomeOf(
    faultTest(faultCases['precopy/unix/answers-lost/bare']),
    timeoutMs,
  );
  assert.ok(outcome.kind === 'passed', JSON.stringify(outcome));
  assert.equal(outcome.verdict?.intact, true);
  const [hazard] = outcome.fault?.hazards ?? [];
  assert.equal(hazard?.kind, 'both-run');
  assert.ok(hazard.ms > 0);
});

test('two guests that run fail everywhere else', { skip }, async () => {
  const known = faultCases['precopy/unix/answers-lost/bare'];
  const strict: FaultCase = { ...known, after: ['runs/paused'], hazard: undefined };
  const failure = await failureOf(faultTest(strict), timeoutMs);
  assert.equal(failure.code, 'wrong-end-state');
  assert.match(
    failure.message,
    /after migrate_cancel, the source is runs and the destination runs/,
  );
});

test('a guest that runs is seen although QEMU says that it is paused', { skip }, async () => {
  const failure = await failureOf(faultTest(faultCases['precopy/unix/stall']), timeoutMs, {
    answer: (command) =>
      command === 'query-status' ? { running: false, status: 'paused' } : undefined,
  });
  assert.equal(failure.code, 'guest-running');
  assert.match(failure.message, /the guest runs on the source, whose run state is paused/);
});

test('a bit that flips where no stamp is is not found', { skip }, async () => {
  const blind = migrationTest({
    ...{ ...facts, guest: byteStamps },
    run: async (context) => await bitFlip(context, unixSocket, 0),
  });
  const failure = await failureOf(blind, timeoutMs);
  assert.equal(failure.code, 'damage-not-found');
  assert.match(failure.message, /found 0 damaged pages instead of one/);
});

test("a failure after the host had no descriptors is the host's", { skip }, async () => {
  const starved = migrationTest({
    ...facts,
    run: async (context) => {
      context.watchHost(() => 'relay of a connection: Too many open files');
      await startPair(context, unixSocket);
      throw contractError('wrong-status', 'the migration failed');
    },
  });
  const outcome = await outcomeOf(starved, timeoutMs);
  assert.ok(outcome.kind === 'broken', JSON.stringify(outcome));
  assert.equal(outcome.failure.code, 'host-exhausted');
  assert.match(outcome.failure.message, /Too many open files; then the migration failed/);
});
