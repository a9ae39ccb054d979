/** The human monitor's commands of migration: parameters as text, and what TAB completes. */
import { hmpCompletion } from './hmp-completion.js';
import { hmpParameters } from './hmp-parameters.js';
import { migrationTest } from '../../definition.js';
import type { TestDefinition } from '../../definition.js';

export const hmpTests: readonly TestDefinition[] = [
  migrationTest({ path: '/migration/hmp/parameters', level: 'full', run: hmpParameters }),
  migrationTest({ path: '/migration/hmp/completion', level: 'full', run: hmpCompletion }),
];
