/**
 * One migration of a benchmark as a test: it passes only if the guest's memory is intact at the
 * destination.
 */
import type { GuestShape } from '../guest/shape.js';
import { measuredMigration } from '../migration/stress/measured-migration.js';
import type { StressSpec } from '../migration/stress/spec.js';
import type { TestDefinition } from './definition.js';

export interface BenchTask {
  readonly spec: StressSpec;
  readonly guest: GuestShape;
}

export function benchTest(path: string, { spec, guest }: BenchTask): TestDefinition {
  return {
    path,
    level: 'thorough',
    guest,
    run: async (context) => await measuredMigration(context, spec),
  };
}
