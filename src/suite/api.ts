/** What `import ... from 'drover'` gives to authors of tests: definitions, and steps for hooks. */
export { fileTest, levels, migrationTest, postcopyTest, precopyTest } from './definition.js';
export type { Level, Takes, TestDefinition, TestFacts } from './definition.js';
export { defineScenarios } from './scenario-input.js';
export type { Parameters, ScenarioInput, TransportName } from './scenario-input.js';
export { HarnessError } from '../model/errors.js';
export type { Blame, HarnessErrorInput } from '../model/errors.js';
export type { Arch, Platform } from '../model/arch.js';
export type { Exclusive } from '../model/demand.js';
export type { Need } from '../model/features.js';
export type { Json, JsonObject } from '../model/json.js';
export type { MigrationFigures, Side } from '../model/outcome.js';
export type { MemoryVerdict } from '../model/verdict.js';
export type { TestContext, TestMachine } from '../migration/context.js';
export type { FileCommon } from '../migration/flows/file-migration.js';
export type { Hooks, MigrateCommon } from '../migration/migrate-common.js';
export type { Expectation, PairSettings } from '../migration/pair-settings.js';
export type { PostcopyCommon } from '../migration/flows/postcopy.js';
export type { Pair } from '../migration/pair.js';
export type { FlowResult, Migration, StatusOptions } from '../migration/migration.js';
export type { EventCursor, QmpEvent } from '../qmp/events.js';
export { QmpCommandError } from '../qmp/client.js';
export {
  discoverAddress,
  discoverChannels,
  setCapability,
  setParameters,
} from '../migration/commands.js';
export { startNewDestination, startPair } from '../migration/pair.js';
export {
  expectRefusal,
  prepareLive,
  prepareStopped,
  requireRefusal,
  waitGuest,
} from '../migration/steps.js';
export { waitDirtyTracking } from '../migration/tracking.js';
export { endBoth, requireRunning, verifyMemory } from '../migration/verify.js';
export {
  plantMarker,
  waitByteChange,
  waitEvent,
  waitIterations,
  waitMarker,
  waitStatus,
  whileAlive,
} from '../migration/waits.js';
