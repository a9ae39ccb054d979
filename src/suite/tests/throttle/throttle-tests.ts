/** Slowing the guest down so that a migration can end. */
import { autoConverge, throttleEarly, waitThrottled } from './auto-converge.js';
import { dirtyLimit, vcpuDirtyLimit } from './dirty-limit.js';
import type { Need } from '../../../model/features.js';
import { migrationTest, precopyTest } from '../../definition.js';
import type { TestDefinition } from '../../definition.js';
import { needsCapability, needsDirtyRing, needsParameter } from '../../needs.js';

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
    needs: [
      needsCapability('pause-before-switchover', '2.11'),
      needsParameter('max-cpu-throttle', '3.1'),
    ],
    run: autoConverge,
    usualMs: 6000,
  }),
  precopyTest({
    path: '/migration/auto_converge/tailslow',
    level: 'thorough',
    origin: 'drover',
    needs: [
      needsCapability('auto-converge', '1.6'),
      needsParameter('throttle-trigger-threshold', '5.0'),
      needsParameter('cpu-throttle-tailslow', '5.1'),
    ],
    listen: 'unix:$DIR/migsocket',
    connect: 'unix:$DIR/migsocket',
    capabilities: ['auto-converge'],
    sourceParameters: throttleEarly,
    live: true,
    meanwhile: waitThrottled,
    usualMs: 4000,
  }),
  migrationTest({
    path: '/dirty_limit',
    level: 'thorough',
    arches: ['x86_64'],
    needs: [needsCapability('dirty-limit', '8.1'), needsDirtyRing],
    run: dirtyLimit,
    usualMs: 15_000,
  }),
  migrationTest({
    path: '/migration/vcpu_dirty_limit',
    level: 'thorough',
    arches: ['x86_64'],
    needs: [needsVcpuDirtyLimit, needsDirtyRing],
    run: vcpuDirtyLimit,
    usualMs: 8000,
  }),
];
