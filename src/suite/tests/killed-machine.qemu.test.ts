/** Tests with a flow of their own must say so when a QEMU ends in the middle of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backgroundSnapshot } from './file/background-snapshot.js';
import type { Interference, TestContext } from '../../migration/context.js';
import type { Phase, Side } from '../../model/outcome.js';
import type { FlowResult } from '../../migration/migration.js';
import { pingPong } from './chain-tests.js';
import { facts, failureOf, qemu } from '../attempt.fixtures.js';

type Flow = (context: TestContext) => Promise<FlowResult>;

/** Ends a machine hard as soon as a phase begins. */
const killIn = (phase: Phase, side: Side): Interference => ({
  phase: (name, { machines }) => {
    const victim = machines.findLast((machine) => machine.side === side);
    if (name === phase && victim !== undefined) process.kill(-victim.process.pid, 'SIGKILL');
  },
});

for (const [name, flow] of Object.entries<Flow>({
  backgroundSnapshot,
  pingPong,
})) {
  for (const side of ['source', 'destination'] as const) {
    test(`${name}: the failure is that the ${side} was killed`, { skip: qemu.skip }, async () => {
      const failure = await failureOf({ ...facts, run: flow }, undefined, killIn('migrate', side));
      assert.equal(failure.code, 'qemu-exited', JSON.stringify(failure));
      assert.match(failure.message, /was ended by SIGKILL unexpectedly/);
    });
  }
}
