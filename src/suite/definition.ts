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
import * as v from 'valibot';
import { isArch, platforms } from '../model/arch.js';
import type { Arch } from '../model/arch.js';
import { exclusives } from '../model/demand.js';
import { needShape } from '../model/features.js';
import type { Need } from '../model/features.js';
import { whole } from '../model/shapes.js';
import type { Fields } from '../model/shapes.js';
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

const longestPath = 180;

/** a name of a test ends up in directories, reports and shells */
function pathFault(path: string): string | undefined {
  if (!/^(\/[A-Za-z0-9_][\w+.-]*)+$/.test(path)) {
    return `a path such as /migration/precopy/unix/plain, of names made of letters, digits and _ + . -`;
  }
  if (isArch(path.split('/')[1] ?? '')) return 'a path without the architecture in front';
  return path.length > longestPath ? `at most ${longestPath} characters` : undefined;
}

/** How much runs at the same time is decided by this. What is not said follows from the rest. */
const takes = v.strictObject({
  /** QEMUs at the same time, 2 unless given; 0 for a test that starts none */
  machines: v.optional(whole(0)),
  /** memory of each guest */
  ramBytes: v.optional(whole(0)),
  /** memory in /dev/shm; that of one guest where host need `shared-memory` is named */
  sharedMemoryBytes: v.optional(whole(0)),
  /** what no other test may have meanwhile; `host`: nothing runs beside it */
  exclusive: v.optional(v.pipe(v.array(v.picklist(exclusives)), v.readonly())),
});
export type Takes = Fields<typeof takes.entries>;

export const factEntries = {
  /** without the architecture in front, such as /migration/precopy/unix/plain */
  path: v.pipe(
    v.string(),
    v.rawCheck(({ dataset, addIssue }) => {
      const expected = dataset.typed ? pathFault(dataset.value) : undefined;
      if (expected !== undefined) addIssue({ expected, message: expected });
    }),
  ),
  level: v.picklist(levels),
  /** of tests that QEMU's own migration test does not have; unless given, upstream's */
  origin: v.optional(v.literal('drover')),
  /** architectures it makes sense on; all, unless given */
  arches: v.optional(v.pipe(v.array(v.picklist(Object.keys(platforms) as Arch[])), v.readonly())),
  /** what both QEMUs and the host must offer beside what follows from the data; otherwise the test is skipped with the reason */
  needs: v.optional(v.pipe(v.array(needShape), v.readonly())),
  /** what it takes of the host, where that is not two QEMUs with the usual guest */
  takes: v.optional(takes),
};
export type TestFacts = Fields<typeof factEntries>;

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
  return definition('precopy', input, input, async (context) => await precopy(context, input));
}

/** A test of the file flow: written first, read afterwards. */
export function fileTest(input: TestFacts & FileCommon): TestDefinition {
  return definition('file', input, input, async (context) => await fileMigration(context, input));
}

/** A test of the postcopy flow: the guest goes on before its memory is complete. */
export function postcopyTest(input: TestFacts & PostcopyCommon): TestDefinition {
  const data = { ...input, capabilities: ['postcopy-ram', ...(input.capabilities ?? [])] };
  return definition('postcopy', input, data, async (context) => await postcopy(context, input));
}

/** A test with a flow of its own. */
export function migrationTest(
  input: TestFacts & { readonly run: TestDefinition['run'] },
): TestDefinition {
  return definition('own', input, {}, input.run);
}

function definition(
  flow: FlowName,
  input: TestFacts,
  data: PairSettings,
  run: TestDefinition['run'],
): TestDefinition {
  const { path, level, origin, arches, takes } = input;
  return {
    path,
    level,
    origin,
    arches,
    takes,
    // worked out when asked for: each worker loads every test and runs few
    get needs() {
      return needsOf(input, data);
    },
    run,
    made: { flow, input },
  };
}

function needsOf({ needs }: TestFacts, data: PairSettings): readonly Need[] | undefined {
  try {
    return allNeeds(data, needs);
  } catch {
    // data of a wrong type, in JavaScript: the check of definitions names the field
    return needs;
  }
}
