/** Migrations that are cancelled, at every status, and what is possible afterwards. */
import { cancelAfter, cancelMoments, cancelThenMigrate } from './cancel-flow.js';
import type { Need } from '../../../model/features.js';
import { migrationTest } from '../../definition.js';
import type { TestDefinition } from '../../definition.js';
import { needsOf } from '../../needs.js';

/** the destination must outlive a migration that fails */
const needsExitOnError: Need = {
  kind: 'argument',
  command: 'migrate-incoming',
  name: 'exit-on-error',
  since: '9.1',
};

export const cancelTests: readonly TestDefinition[] = [
  ...cancelMoments.map((moment) =>
    migrationTest({
      path: `/migration/cancel/src/after/${moment}`,
      level: 'full',
      needs: [needsExitOnError],
      run: async (context) => await cancelAfter(context, moment),
    }),
  ),
  migrationTest({
    path: '/migration/multifd/tcp/plain/cancel',
    level: 'smoke',
    needs: needsOf({ capabilities: ['multifd'] }),
    run: async (context) => await cancelThenMigrate(context, []),
  }),
  migrationTest({
    path: '/migration/multifd+postcopy/tcp/plain/cancel',
    level: 'smoke',
    needs: needsOf({ capabilities: ['multifd', 'postcopy-ram'] }),
    run: async (context) => await cancelThenMigrate(context, ['postcopy-ram']),
  }),
];
