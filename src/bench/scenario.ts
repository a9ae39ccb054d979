/**
 * A scenario of a benchmark: a guest, its machine, a migration and its limits. Users write the same
 * as JSON (docs/reference/bench-scenarios.schema.json is made from `ScenarioFile`).
 */
import * as v from 'valibot';
import { accelerators } from '../model/arch.js';
import type { Accelerator } from '../model/arch.js';
import { memoryKinds } from '../model/command-line.js';
import type { MemoryBackend } from '../model/command-line.js';
import { usageError } from '../model/errors.js';
import { stampKinds } from '../model/stamps.js';
import type { StampKind } from '../model/stamps.js';
import { stressTransports, usualStressChannels } from '../migration/stress/transports.js';

export type TransportName =
  | 'unix'
  | 'tcp'
  | 'multifd'
  | 'postcopy'
  | 'postcopy-preempt'
  | 'file'
  | 'mapped-ram'
  | 'mapped-ram-multifd';

/** Migration parameters by name, as `migrate-set-parameters` takes them. */
export type Parameters = Readonly<Record<string, string | number | boolean>>;

export interface ScenarioInput {
  readonly guest?: {
    /** memory of the guest in MiB; default: 256 */
    readonly memoryMiB?: number;
    /** virtual processors that write, each its own part of the working set; default: 1 */
    readonly writers?: number;
    /** how much of its memory, from its start, the guest writes; default: all */
    readonly workingSetMiB?: number;
    /**
     * how fast all writers together write, in pages per second; 0: as fast as they can; default:
     * 50000
     */
    readonly pacePagesPerSecond?: number;
    /** what the guest writes in each page: 1 byte, 16 bytes or all of it; default: page */
    readonly stamp?: StampKind;
  };
  readonly machine?: {
    /** default: that of --accel */
    readonly accel?: Accelerator;
    /** memory backend; default: memfd */
    readonly backend?: MemoryBackend['kind'];
  };
  readonly migration: {
    readonly transport: TransportName;
    /** with a multifd transport; default: 4 */
    readonly channels?: number;
    /** of both sides, in addition to those of the transport */
    readonly capabilities?: readonly string[];
    /** of both sides */
    readonly parameters?: Parameters;
    /** with a postcopy transport: switch after this many iterations; default: 1 */
    readonly postcopyAfter?: number;
  };
  readonly limits?: {
    /** default: 300 */
    readonly downtimeLimitMs?: number;
    /**
     * how long a migration may take after its first iteration; then Drover raises the downtime
     * limit; default: 10000, at most 60000
     */
    readonly patienceMs?: number;
  };
}

/** The file of --scenarios. */
export interface ScenarioFile {
  readonly version: 1;
  readonly scenarios: readonly ScenarioInput[];
}

const count = (least: number, most: number) =>
  v.optional(
    v.pipe(
      v.number(),
      v.check(
        (value) => Number.isInteger(value) && value >= least && value <= most,
        `expected a whole number from ${least} to ${most}`,
      ),
    ),
  );

const groups = {
  guest: {
    memoryMiB: count(16, 2 ** 24),
    writers: count(1, 64),
    workingSetMiB: count(1, 2 ** 24),
    pacePagesPerSecond: count(0, 2 ** 32 - 1),
    stamp: v.optional(v.picklist(stampKinds)),
  },
  machine: {
    accel: v.optional(v.picklist(accelerators)),
    backend: v.optional(v.picklist(memoryKinds)),
  },
  migration: {
    transport: v.picklist(stressTransports.map(({ name }) => name as TransportName)),
    channels: count(1, 255),
    capabilities: v.optional(v.array(v.string())),
    parameters: v.optional(v.record(v.string(), v.union([v.string(), v.number(), v.boolean()]))),
    postcopyAfter: count(1, 1000),
  },
  limits: { downtimeLimitMs: count(0, 2_000_000), patienceMs: count(1, 60_000) },
};
export type Group = keyof typeof groups;

const scenarioShape: v.GenericSchema<unknown, ScenarioInput> = v.strictObject({
  guest: v.optional(v.strictObject(groups.guest)),
  machine: v.optional(v.strictObject(groups.machine)),
  migration: v.strictObject(groups.migration),
  limits: v.optional(v.strictObject(groups.limits)),
});
export const fileShape = v.strictObject({
  version: v.literal(1),
  scenarios: v.pipe(v.array(v.unknown()), v.nonEmpty('it has no scenario')),
});

/** such as `guest.memoryMiB` */
export const scenarioFields: readonly string[] = Object.entries(groups).flatMap(
  ([group, entries]) => Object.keys(entries).map((field) => `${group}.${field}`),
);

/** The group of a field; undefined for what is no field, such as a migration parameter. */
export function groupOf(field: string): Group | undefined {
  return (Object.keys(groups) as Group[]).find((group) => Object.hasOwn(groups[group], field));
}

const usual = {
  guest: { memoryMiB: 256, writers: 1, pacePagesPerSecond: 50_000, stamp: 'page' },
  machine: { backend: 'memfd' },
  limits: { downtimeLimitMs: 300, patienceMs: 10_000 },
} as const;

/** A scenario with all defaults filled in. */
export interface Scenario {
  /** computed from the values that are not the default */
  readonly name: string;
  readonly guest: {
    readonly memoryMiB: number;
    readonly writers: number;
    readonly workingSetMiB?: number;
    readonly pacePagesPerSecond: number;
    readonly stamp: StampKind;
  };
  readonly machine: { readonly accel?: Accelerator; readonly backend: MemoryBackend['kind'] };
  readonly migration: ScenarioInput['migration'];
  readonly limits: { readonly downtimeLimitMs: number; readonly patienceMs: number };
}

/**
 * Checks a scenario and fills in its defaults.
 * @param where names its place for the error message
 * @throws HarnessError `bad-scenario`
 */
export function resolveScenario(input: unknown, where: string): Scenario {
  const parsed = v.safeParse(scenarioShape, input);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const field = (issue.path ?? []).map(({ key }) => String(key)).join('.');
    throw refused(where, `${field === '' ? '' : `${field}: `}${issue.message}`);
  }
  const { guest, machine, migration, limits } = parsed.output;
  const scenario = {
    guest: { ...usual.guest, ...guest },
    machine: { ...usual.machine, ...machine },
    migration: withChannels(migration),
    limits: { ...usual.limits, ...limits },
  };
  const fault = contradiction(scenario);
  if (fault !== undefined) throw refused(where, fault);
  return { name: nameOf(scenario), ...scenario };
}

const refused = (where: string, why: string) => usageError('bad-scenario', `${where}: ${why}`);

const rowOf = ({ transport }: ScenarioInput['migration']) =>
  stressTransports.find(({ name }) => name === transport);

function withChannels(migration: ScenarioInput['migration']): ScenarioInput['migration'] {
  return rowOf(migration)?.takesChannels === true
    ? { channels: usualStressChannels, ...migration }
    : migration;
}

function contradiction({ guest, migration }: Omit<Scenario, 'name'>): string | undefined {
  const { transport, channels, postcopyAfter, parameters = {} } = migration;
  const row = rowOf(migration);
  if (channels !== undefined && row?.takesChannels !== true)
    return `migration.channels: transport ${transport} has one channel only`;
  if (postcopyAfter !== undefined && row?.flow !== 'postcopy')
    return `migration.postcopyAfter: transport ${transport} is no postcopy`;
  if (guest.workingSetMiB !== undefined && guest.workingSetMiB >= guest.memoryMiB)
    return 'guest.workingSetMiB: it must be less than guest.memoryMiB';
  const instead = {
    'downtime-limit': 'limits.downtimeLimitMs',
    'multifd-channels': 'migration.channels',
  };
  const taken = Object.entries(instead).find(([name]) => Object.hasOwn(parameters, name));
  return taken === undefined
    ? undefined
    : `migration.parameters: give ${taken[1]} instead of parameter ${taken[0]}`;
}

/**
 * Such as `multifd:4`, `tcp+xbzrle,stamp=wide` or `postcopy,memoryMiB=512,max-bandwidth=100000000`.
 */
function nameOf({ migration, ...rest }: Omit<Scenario, 'name'>): string {
  const { transport, channels, capabilities = [], parameters = {}, postcopyAfter } = migration;
  const changed = (Object.keys(usual) as (keyof typeof usual)[]).flatMap((group) =>
    Object.entries(rest[group]).filter(
      ([field, value]) => (usual[group] as Record<string, unknown>)[field] !== value,
    ),
  );
  const settings = [
    ...changed,
    ...(postcopyAfter === undefined ? [] : [['postcopyAfter', postcopyAfter] as const]),
    ...Object.entries(parameters),
  ].map(([name, value]) => `,${name}=${String(value)}`);
  const count = channels === undefined ? '' : `:${channels}`;
  return [transport, count, ...capabilities.map((name) => `+${name}`), ...settings].join('');
}
