/**
 * One guest that is moved several times: by `drover chain` along the QEMUs it is given, elsewhere to the destination's
 * QEMU and back.
 */
import { chain } from '../../migration/flows/chain.js';
import type { ChainWish } from '../../migration/flows/chain.js';
import type { TestContext } from '../../migration/context.js';
import { routeOf } from '../../migration/plan.js';
import type { FlowResult } from '../../migration/migration.js';
import { migrationTest } from '../definition.js';
import type { TestDefinition, TestFacts } from '../definition.js';
import { needsOf } from '../needs.js';

export const chainTests: readonly TestDefinition[] = [
  chainTest({
    path: '/migration/chain/unix/stopped',
    kind: 'stopped',
    listen: 'unix:$DIR/leg$LEG',
  }),
  chainTest({ path: '/migration/chain/tcp/live', kind: 'live', listen: 'tcp:127.0.0.1:0' }),
  chainTest({
    path: '/migration/chain/tcp/xbzrle',
    kind: 'live',
    listen: 'tcp:127.0.0.1:0',
    capabilities: ['xbzrle'],
  }),
  chainTest({
    path: '/migration/chain/multifd/tcp/live',
    kind: 'live',
    listen: 'tcp:127.0.0.1:0',
    capabilities: ['multifd'],
  }),
  chainTest({
    path: '/migration/chain/postcopy',
    kind: 'postcopy',
    listen: 'tcp:127.0.0.1:0',
    capabilities: ['postcopy-ram'],
  }),
];

function chainTest(input: Omit<TestFacts, 'level'> & ChainWish): TestDefinition {
  const { kind, listen, capabilities = [], ...facts } = input;
  const wish = { kind, listen, capabilities };
  return migrationTest({
    ...facts,
    level: 'full',
    origin: 'drover',
    needs: needsOf({ capabilities }),
    run: async (context) => await chain(context, wish, routeOf(context.plan)),
  });
}

/** There and back, twice. */
export async function pingPong(context: TestContext): Promise<FlowResult> {
  const [here, there] = routeOf(context.plan);
  if (here === undefined || there === undefined) throw new Error('a route has two ends');
  const wish = { kind: 'stopped', listen: 'unix:$DIR/leg$LEG' } as const;
  return await chain(context, wish, [here, there, here, there, here]);
}

export const pingPongTest = migrationTest({
  path: '/migration/ping-pong/unix',
  level: 'full',
  origin: 'drover',
  run: pingPong,
});
