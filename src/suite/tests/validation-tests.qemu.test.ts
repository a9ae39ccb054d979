/** The destination that outlives an error, from 11.0 on: the test must notice one that does not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Interference } from '../../migration/context.js';
import type { Outcome } from '../../model/outcome.js';
import { realQemu } from '../../qemu/qemus.fixtures.js';
import { outcomeOf } from '../attempt.fixtures.js';
import { findTest } from '../registry.js';
import { harmed } from '../sabotage.fixtures.js';

async function outcome(version: '10.0' | '11.1', interference: Interference): Promise<Outcome> {
  const definition = findTest('/migration/validate_uuid_error');
  assert.ok(definition !== undefined);
  return await outcomeOf(definition, 60_000, interference, undefined, realQemu(version));
}

for (const version of ['10.0', '11.1'] as const) {
  const asked = version === '11.1';
  const what = asked ? 'asks the destination to outlive the error' : 'lets the destination exit';
  test(
    `QEMU ${version}: validate_uuid_error ${what}`,
    { skip: realQemu(version).skip },
    async () => {
      const withFalse: boolean[] = [];
      const passed = await outcome(version, {
        answer: (name, args = {}) => {
          if (name === 'migrate-incoming') withFalse.push(args['exit-on-error'] === false);
          return undefined;
        },
      });
      assert.equal(passed.kind, 'passed', JSON.stringify(passed));
      assert.deepEqual(withFalse, asked ? [true] : []);
    },
  );
}

test(
  'a destination that ends with the error all the same is named',
  { skip: realQemu('11.1').skip },
  async () => {
    const moment = { side: 'destination', status: 'failed' } as const;
    const failed = await outcome(
      '11.1',
      harmed({ moment, victim: 'destination', signal: 'SIGKILL' }),
    );
    assert.equal(failed.kind, 'failed', JSON.stringify(failed));
    assert.match(failed.failure.message, /destination/, JSON.stringify(failed.failure));
  },
);
