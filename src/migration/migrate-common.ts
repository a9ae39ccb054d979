/**
 * What a migration test gives to a flow: the settings of a pair, and hooks for what data cannot
 * express.
 */
import * as v from 'valibot';
import type { TestContext } from './context.js';
import type { PairSettings } from './pair-settings.js';
import type { Pair } from './pair.js';

/** A hook may be synchronous. */
export interface Hooks {
  /** before either QEMU starts: for files that take long to make */
  readonly prepareHook?: (context: TestContext) => Promise<void> | void;
  /** after both sides are set up, before the wait for the guest */
  readonly startHook?: (pair: Pair) => Promise<void> | void;
  /** with `live`: while memory is sent, before the migration may converge */
  readonly liveHook?: (pair: Pair, signal: AbortSignal) => Promise<void> | void;
  /** of a file: the source has written it, and the destination has not read it */
  readonly writtenHook?: (pair: Pair) => Promise<void> | void;
  /** after the migration, before Drover verifies memory and ends both sides */
  readonly endHook?: (pair: Pair) => Promise<void> | void;
}

/** a definition may come from JavaScript: the check names a hook that is no function */
const hook = v.optional(v.function());
export const hookEntries = {
  prepareHook: hook,
  startHook: hook,
  liveHook: hook,
  writtenHook: hook,
  endHook: hook,
} satisfies Record<keyof Hooks, v.GenericSchema>;

export interface MigrateCommon extends PairSettings, Hooks {}
