/**
 * Combined faults as tests: each is what its path says (migration/faults/combined/combination.ts),
 * so that a run needs no list of them.
 */
import { combinedFaultOf, pathOf } from '../../migration/faults/combined/combination.js';
import type { CombinedFault } from '../../migration/faults/combined/combination.js';
import { capabilitiesOf, combinedFault } from '../../migration/faults/combined/combined-flow.js';
import { reliablePreempt } from '../../migration/preempt.js';
import type { Need } from '../../model/features.js';
import { migrationTest } from '../definition.js';
import type { Level, TestDefinition } from '../definition.js';
import { needsOf, needsTls } from '../needs.js';

/** Before it, neither side can leave a recovery whose connection does not answer. */
const needsRecoverSetup: Need = { kind: 'status', name: 'postcopy-recover-setup', since: '9.1' };

function needsOfFault(fault: CombinedFault): Need[] {
  return [
    ...needsOf({
      capabilities: capabilitiesOf(fault),
      ...(fault.mode === 'file' ? { connect: 'file:' } : {}),
    }),
    ...(fault.mode === 'preempt' ? [reliablePreempt] : []),
    ...(fault.transport === 'tls' ? [needsTls] : []),
    ...(fault.stage === 'recovery' ? [needsRecoverSetup] : []),
    ...(fault.fault === 'disk-full' ? [{ kind: 'host', name: 'small-disk' } as const] : []),
  ];
}

export function combinedFaultTest(fault: CombinedFault, level: Level = 'thorough'): TestDefinition {
  return migrationTest({
    path: pathOf(fault),
    level,
    origin: 'drover',
    needs: needsOfFault(fault),
    run: async (context) => await combinedFault(context, fault),
  });
}

/** The test that a path names; undefined for any other path. */
export function findCombinedFault(path: string): TestDefinition | undefined {
  const fault = combinedFaultOf(path);
  return fault === undefined ? undefined : combinedFaultTest(fault);
}
