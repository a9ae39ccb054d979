/** What the author of a migration test gives to a flow: the settings of a pair, and hooks for what data cannot say. */
import * as v from 'valibot';
import type { TestContext } from './context.js';
import type { PairSettings } from './pair-settings.js';
import type { Pair } from './pair.js';

/** A hook may be synchronous. */
export interface Hooks {
  /** before either QEMU is started: for files that take a while to make, which no guest should wait for */
  readonly prepareHook?: (context: TestContext) => Promise<void> | void;
  /** after both sides are set up, before the guest is waited for */
  readonly startHook?: (pair: Pair) => Promise<void> | void;
  /** with `live`: while memory is sent, before the migration may converge */
  readonly liveHook?: (pair: Pair, signal: AbortSignal) => Promise<void> | void;
  /** after the migration, before memory is verified and both sides are ended */
  readonly endHook?: (pair: Pair) => Promise<void> | void;
}

/** data of a definition may come from JavaScript: what is no function is named */
const hook = v.optional(v.function());
export const hookEntries = {
  prepareHook: hook,
  startHook: hook,
  liveHook: hook,
  endHook: hook,
} satisfies Record<keyof Hooks, v.GenericSchema>;

export interface MigrateCommon extends PairSettings, Hooks {}
