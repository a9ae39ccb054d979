/**
 * The authoring API: how to define a migration test. A test is a path, a level, what it needs of QEMU, and a flow with its
 * data and hooks. Drover's own tests use nothing else.
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
import { stampKinds } from '../model/stamps.js';
import type { StampKind } from '../model/stamps.js';
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

/** the names of tests are in directories, reports and shell commands */
function pathFault(path: string): string | undefined {
  if (!/^(\/[A-Za-z0-9_][\w+.-]*)+$/.test(path)) {
    return `a path such as /migration/precopy/unix/plain, of names made of letters, digits and _ + . -`;
  }
  if (isArch(path.split('/')[1] ?? '')) return 'a path without the architecture in front';
  return path.length > longestPath ? `at most ${longestPath} characters` : undefined;
}

/**
 * Of a test that does not choose: a page also holds its own address, and a generation that does not
 * wrap. A pass takes no longer than with `byte`.
 */
export const usualStamp: StampKind = 'wide';
/** the kind of QEMU's own test guest, and the only one that can suspend */
export const byteStamps = { stamp: 'byte' } as const;

/** How the guest differs from the architecture's usual one (guest/shape.ts). */
const guest = v.strictObject({
  /** number of pages, from the start of the usual range */
  pages: v.optional(whole(1)),
  /** what each page holds */
  stamp: v.optional(v.picklist(stampKinds)),
  /** virtual processors, each of which writes its own part; default: 1 */
  writers: v.optional(whole(1)),
  /** of all writers together; default: as fast as possible */
  pacePagesPerSecond: v.optional(whole(1)),
  /** writers count, so that they can be watched */
  heartbeat: v.optional(v.boolean()),
});

/** Decides how many tests run at the same time. Defaults follow from the rest of the definition. */
const takes = v.strictObject({
  /** QEMUs at the same time, default 2; 0 for a test that starts none */
  machines: v.optional(whole(0)),
  /** memory of each guest */
  ramBytes: v.optional(whole(0)),
  /**
   * memory in /dev/shm; default: that of one guest if the test needs `shared-memory` of the host
   */
  sharedMemoryBytes: v.optional(whole(0)),
  /** what no other test may use at the same time; `host`: nothing else runs */
  exclusive: v.optional(v.pipe(v.array(v.picklist(exclusives)), v.readonly())),
});
export type Takes = Fields<typeof takes.entries>;

export const factEntries = {
  /** without the architecture, such as /migration/precopy/unix/plain */
  path: v.pipe(
    v.string(),
    v.rawCheck(({ dataset, addIssue }) => {
      const expected = dataset.typed ? pathFault(dataset.value) : undefined;
      if (expected !== undefined) addIssue({ expected, message: expected });
    }),
  ),
  level: v.picklist(levels),
  /** for tests that QEMU's own migration test does not have */
  origin: v.optional(v.literal('drover')),
  /** architectures on which the test makes sense; default: all */
  arches: v.optional(v.pipe(v.array(v.picklist(Object.keys(platforms) as Arch[])), v.readonly())),
  /**
   * what both QEMUs and the host must offer, in addition to what follows from the data; otherwise
   * Drover skips the test
   */
  needs: v.optional(v.pipe(v.array(needShape), v.readonly())),
  guest: v.optional(guest),
  /** what it uses of the host; default: two QEMUs with the usual guest */
  takes: v.optional(takes),
};
export type TestFacts = Fields<typeof factEntries>;

export type FlowName = 'precopy' | 'file' | 'postcopy' | 'own';

export interface TestDefinition extends Omit<TestFacts, 'guest'> {
  /** default: the usual guest of the architecture */
  readonly guest?: GuestShape | undefined;
  /** throws a HarnessError if QEMU or the guest breaks the contract */
  readonly run: (context: TestContext) => Promise<FlowResult>;
  /** the flow and its input, for the check of a user's tests */
  readonly made?: { readonly flow: FlowName; readonly input: unknown };
}

/** A test of the precopy flow: both sides at once over a transport. */
export function precopyTest(input: TestFacts & MigrateCommon): TestDefinition {
  return definition('precopy', input, input, async (context) => await precopy(context, input));
}

/** A test of the file flow: the source writes the file, then the destination reads it. */
export function fileTest(input: TestFacts & FileCommon): TestDefinition {
  return definition('file', input, input, async (context) => await fileMigration(context, input));
}

/** A test of the postcopy flow: the guest runs at the destination before its memory is complete. */
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
  const { path, level, origin, arches, guest, takes } = input;
  return {
    path,
    level,
    origin,
    arches,
    guest,
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
    // the data has a wrong type, in JavaScript: the check of definitions names the field
    return needs;
  }
}
