/** Slowing the guest down so that a migration can end. */
import { autoConverge } from '../migration/auto-converge.js';
import { migrationTest } from './definition.js';
import type { TestDefinition } from './definition.js';
import { needsCapability, needsParameter } from './needs.js';

export const limitTests: readonly TestDefinition[] = [
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
];
