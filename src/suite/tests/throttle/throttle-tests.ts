/** QEMU throttles the guest so that a migration converges. */
import { autoConverge, requireThrottleEnds } from './auto-converge.js';
import { dirtyLimit, vcpuDirtyLimit } from './dirty-limit.js';
import { smallerSteps, stepsToLimit, waitSteps } from './throttle-steps.js';
import { dirtyRing } from '../../../migration/host/dirty-rate.js';
import type { Need } from '../../../model/features.js';
import { migrationTest, precopyTest } from '../../definition.js';
import type { TestDefinition } from '../../definition.js';
import { needsOf } from '../../needs.js';
import { unixSocket } from '../unix-socket.js';

const needsVcpuDirtyLimit: Need = {
  kind: 'argument',
  command: 'set-vcpu-dirty-limit',
  name: 'dirty-rate',
  since: '7.1',
};

export const throttleTests: readonly TestDefinition[] = [
  migrationTest({
    path: '/migration/auto_converge',
    level: 'thorough',
    needs: needsOf({
      capabilities: ['pause-before-switchover'],
      parameters: { 'max-cpu-throttle': 99 },
    }),
    run: autoConverge,
  }),
  ...[
    { name: 'tailslow', steps: smallerSteps },
    { name: 'limit', steps: stepsToLimit },
  ].map(({ name, steps }) =>
    precopyTest({
      path: `/migration/auto_converge/${name}`,
      level: 'thorough',
      origin: 'drover',
      ...unixSocket,
      capabilities: ['auto-converge'],
      sourceParameters: steps.parameters,
      live: true,
      liveHook: async (pair, signal) => waitSteps(pair, steps, signal),
      endHook: requireThrottleEnds,
    }),
  ),
  migrationTest({
    path: '/dirty_limit',
    level: 'thorough',
    arches: ['x86_64'],
    needs: needsOf({ capabilities: ['dirty-limit'], ...dirtyRing }),
    run: dirtyLimit,
  }),
  migrationTest({
    path: '/migration/vcpu_dirty_limit',
    level: 'thorough',
    arches: ['x86_64'],
    needs: [needsVcpuDirtyLimit, ...needsOf(dirtyRing)],
    run: vcpuDirtyLimit,
  }),
];
