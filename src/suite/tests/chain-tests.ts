/**
 * One guest that migrates several times: in `drover chain` through the given QEMUs, otherwise to
 * the destination's QEMU and back.
 */
import { chain } from '../../migration/flows/chain.js';
import type { ChainOptions } from '../../migration/flows/chain.js';
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

function chainTest(input: Omit<TestFacts, 'level'> & ChainOptions): TestDefinition {
  const { kind, listen, capabilities = [], ...facts } = input;
  const options = { kind, listen, capabilities };
  return migrationTest({
    ...facts,
    level: 'full',
    origin: 'drover',
    needs: needsOf({ capabilities }),
    run: async (context) => await chain(context, options, routeOf(context.plan)),
  });
}

/** There and back, twice. */
export async function pingPong(context: TestContext): Promise<FlowResult> {
  const [here, there] = routeOf(context.plan);
  if (here === undefined || there === undefined) throw new Error('a route has two ends');
  const options = { kind: 'stopped', listen: 'unix:$DIR/leg$LEG' } as const;
  return await chain(context, options, [here, there, here, there, here]);
}

export const pingPongTest = migrationTest({
  path: '/migration/ping-pong/unix',
  level: 'full',
  origin: 'drover',
  run: pingPong,
});
