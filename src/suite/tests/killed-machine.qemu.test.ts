/** Tests with a flow of their own must say so when a QEMU ends in the middle of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backgroundSnapshot } from './file/background-snapshot.js';
import type { TestContext } from '../../migration/context.js';
import type { FlowResult } from '../../migration/migration.js';
import { pingPong } from './chain-tests.js';
import { facts, failureOf, qemu } from '../attempt.fixtures.js';

type Flow = (context: TestContext) => Promise<FlowResult>;

/** Ends a machine hard as soon as a phase begins. */
function killIn(phase: string, side: 'source' | 'destination', flow: Flow): Flow {
  return async (context) => {
    const { observer } = context;
    const watched = {
      ...observer,
      status: observer.status.bind(observer),
      phase: (name: Parameters<typeof observer.phase>[0]) => {
        observer.phase(name);
        const victim = context.machines.findLast((machine) => machine.side === side);
        if (name === phase && victim !== undefined) process.kill(-victim.process.pid, 'SIGKILL');
      },
    };
    return await flow(Object.assign(context, { observer: watched }));
  };
}

for (const [name, flow] of Object.entries<Flow>({
  backgroundSnapshot,
  pingPong,
})) {
  for (const side of ['source', 'destination'] as const) {
    test(`${name}: a ${side} killed under way is the news`, { skip: qemu.skip }, async () => {
      const failure = await failureOf({ ...facts, run: killIn('migrate', side, flow) });
      assert.equal(failure.code, 'qemu-exited', JSON.stringify(failure));
      assert.match(failure.message, /was ended by SIGKILL unexpectedly/);
    });
  }
}
