/**
 * The authoring API: how a migration test is defined. A test is a path, a level, the demands it puts
 * on QEMU, and a flow with its data and hooks. Drover's own tests use nothing else.
 *
 *   precopyTest({
 *     path: '/migration/precopy/unix/plain',
 *     level: 'smoke',
 *     listen: 'unix:$DIR/migsocket',
 *     connect: 'unix:$DIR/migsocket',
 *     live: true,
 *   })
 */
import type { Arch } from '../model/arch.js';
import type { Exclusive } from '../model/demand.js';
import type { Need } from '../model/features.js';
import type { GuestShape } from '../guest/shape.js';
import type { TestContext } from '../migration/context.js';
import { fileMigration } from '../migration/flows/file-migration.js';
import type { MigrateCommon } from '../migration/migrate-common.js';
import type { FileCommon } from '../migration/flows/file-migration.js';
import type { PairSettings } from '../migration/pair-settings.js';
import { postcopy } from '../migration/flows/postcopy.js';
import type { PostcopyCommon } from '../migration/flows/postcopy.js';
import { precopy } from '../migration/flows/precopy.js';
import type { FlowResult } from '../migration/migration.js';
import { allNeeds } from './needs.js';

/** Each level includes the ones before it. */
export const levels = ['smoke', 'full', 'thorough', 'flaky'] as const;
export type Level = (typeof levels)[number];

export interface TestFacts {
  /** without the architecture in front, such as /migration/precopy/unix/plain */
  readonly path: string;
  readonly level: Level;
  /** of tests that QEMU's own migration test does not have; unless given, upstream's */
  readonly origin?: 'drover' | undefined;
  /** architectures it makes sense on; all, unless given */
  readonly arches?: readonly Arch[] | undefined;
  /** what both QEMUs and the host must offer beside what follows from the data; otherwise the test is skipped with the reason */
  readonly needs?: readonly Need[] | undefined;
  /** what it takes of the host, where that is not two QEMUs with the usual guest */
  readonly takes?: Takes | undefined;
}

/** How much runs at the same time is decided by this. What is not said follows from the rest. */
export interface Takes {
  /** QEMUs at the same time, 2 unless given; 0 for a test that starts none */
  readonly machines?: number;
  /** memory of each guest */
  readonly ramBytes?: number;
  /** memory in /dev/shm; that of one guest where host need `shared-memory` is named */
  readonly sharedMemoryBytes?: number;
  /** what no other test may have meanwhile; `host`: nothing runs beside it */
  readonly exclusive?: readonly Exclusive[];
}

export type FlowName = 'precopy' | 'file' | 'postcopy' | 'own';

export interface TestDefinition extends TestFacts {
  /** another guest than the architecture's usual one */
  readonly guest?: GuestShape;
  /** throws a HarnessError when the contract is broken */
  readonly run: (context: TestContext) => Promise<FlowResult>;
  /** the flow and all that was said to it: what is checked where somebody else wrote the test */
  readonly made?: { readonly flow: FlowName; readonly input: unknown };
}

/** A test of the precopy flow: both sides at once over a transport. */
export function precopyTest(input: TestFacts & MigrateCommon): TestDefinition {
  return {
    ...factsOf(input, input),
    run: async (context) => await precopy(context, input),
    made: { flow: 'precopy', input },
  };
}

/** A test of the file flow: written first, read afterwards. */
export function fileTest(input: TestFacts & FileCommon): TestDefinition {
  return {
    ...factsOf(input, input),
    run: async (context) => await fileMigration(context, input),
    made: { flow: 'file', input },
  };
}

/** A test of the postcopy flow: the guest goes on before its memory is complete. */
export function postcopyTest(input: TestFacts & PostcopyCommon): TestDefinition {
  const capabilities = ['postcopy-ram', ...(input.capabilities ?? [])];
  return {
    ...factsOf(input, { ...input, capabilities }),
    run: async (context) => await postcopy(context, input),
    made: { flow: 'postcopy', input },
  };
}

/** A test with a flow of its own. */
export function migrationTest(
  input: TestFacts & { readonly run: TestDefinition['run'] },
): TestDefinition {
  return { ...factsOf(input), run: input.run, made: { flow: 'own', input } };
}

export function factsOf(input: TestFacts, data: PairSettings = {}): TestFacts {
  const { path, level, origin, arches, takes } = input;
  let { needs } = input;
  try {
    needs = allNeeds(data, needs);
  } catch {
    // data of a wrong type, in JavaScript: the check of definitions names the field
  }
  return { path, level, origin, arches, needs, takes };
}
