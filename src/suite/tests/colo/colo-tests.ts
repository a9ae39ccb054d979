/** COLO: two guests run in lockstep by checkpoints, and either goes on alone when the other is lost. */
import type { Need } from '../../../model/features.js';
import { migrationTest } from '../../definition.js';
import type { TestDefinition } from '../../definition.js';
import { needsOf } from '../../needs.js';
import { failOver } from './fail-over.js';

/** Every release has the capability. Before, the source fails once it has a return path. */
const needsColo: Need = {
  kind: 'behaviour',
  what: 'COLO with a return path',
  witness: 'failing',
  since: '11.0',
};

export const coloTests: readonly TestDefinition[] = [false, true].flatMap((multifd) =>
  [false, true].flatMap((inCheckpoint) =>
    (['primary', 'secondary'] as const).map((survivor) =>
      migrationTest({
        path: `/migration/colo/${multifd ? 'multifd' : 'plain'}/${survivor}_failover${inCheckpoint ? '_checkpoint' : ''}`,
        level: 'full',
        needs: [...needsOf({ capabilities: multifd ? ['multifd'] : [] }), needsColo],
        run: async (context) => await failOver(context, { multifd, survivor, inCheckpoint }),
      }),
    ),
  ),
);
