/**
 * A scenario of a benchmark: a guest, its machine, a migration and its limits, checked and with all
 * defaults (docs/reference/bench-scenarios.schema.json is made from `ScenarioFile`).
 */
import * as v from 'valibot';
import { accelerators } from '../model/arch.js';
import { memoryKinds } from '../model/command-line.js';
import type { MemoryKind } from '../model/command-line.js';
import { usageError } from '../model/errors.js';
import { stampKinds } from '../model/stamps.js';
import type { StampKind } from '../model/stamps.js';
import { stressTransports, tlsKinds, usualStressChannels } from '../migration/stress/transports.js';
import type { ScenarioInput, TransportName } from '../suite/scenario-input.js';
import { contradiction, rowOf } from './contradiction.js';

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

const text = v.optional(v.pipe(v.string(), v.nonEmpty('expected a text')));
const processors = v.optional(
  v.pipe(
    // --sweep sourceCpus=0 is a number
    v.union([v.string(), v.number()]),
    v.transform(String),
    v.regex(/^\d+(-\d+)?(,\d+(-\d+)?)*$/, 'expected processors such as 0-3,8'),
    v.check(
      (list) => reversed(list) === undefined,
      ({ input }) => {
        const { range, first, last } = reversed(input) ?? {};
        return `range ${range} ends before it begins: write ${last}-${first}`;
      },
    ),
  ),
);

/** The first range such as 7-3, whose processors are none. */
function reversed(list: string) {
  return list
    .split(',')
    .map((range) => {
      const [first = '', last = first] = range.split('-');
      return { range, first, last };
    })
    .find(({ first, last }) => Number(first) > Number(last));
}

const groups = {
  guest: {
    memoryMiB: count(16, 2 ** 24),
    writers: count(1, 64),
    workingSetMiB: count(1, 2 ** 24),
    hotMiB: count(1, 2 ** 24),
    hotPercent: count(1, 99),
    pacePagesPerSecond: count(0, 2 ** 32 - 1),
    stamp: v.optional(v.picklist(stampKinds)),
  },
  machine: {
    accel: v.optional(v.picklist(accelerators)),
    backend: v.optional(v.picklist(memoryKinds)),
    dirtyRingSize: count(1024, 65_536),
    sourceCpus: processors,
    destinationCpus: processors,
    sourceNode: count(0, 1023),
    destinationNode: count(0, 1023),
  },
  migration: {
    transport: v.picklist(stressTransports.map(({ name }) => name as TransportName)),
    channels: count(1, 255),
    tls: v.optional(v.picklist(tlsKinds)),
    tlsPriority: text,
    capabilities: v.optional(v.array(v.string())),
    parameters: v.optional(v.record(v.string(), v.union([v.string(), v.number(), v.boolean()]))),
    postcopyAfter: count(0, 1000),
    postcopyAfterBytes: count(1, Number.MAX_SAFE_INTEGER),
    pauseAfter: count(0, 1000),
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

const usualHotPercent = 90;

/** A scenario with all defaults filled in. */
export interface Scenario {
  /** computed from the values that are not the default */
  readonly name: string;
  readonly guest: {
    readonly memoryMiB: number;
    readonly writers: number;
    readonly workingSetMiB?: number;
    readonly hotMiB?: number;
    readonly hotPercent?: number;
    readonly pacePagesPerSecond: number;
    readonly stamp: StampKind;
  };
  readonly machine: NonNullable<ScenarioInput['machine']> & {
    readonly backend: MemoryKind;
  };
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
    guest: withHotPercent({ ...usual.guest, ...defined(guest) }),
    machine: withRing({ ...usual.machine, ...defined(machine) }),
    migration: withChannels(defined(migration)),
    limits: { ...usual.limits, ...defined(limits) },
  };
  const fault = contradiction(scenario);
  if (fault !== undefined) throw refused(where, fault);
  return { name: nameOf(scenario), ...scenario };
}

/** A field that a module sets to undefined has its default. */
function defined<T extends object | undefined>(fields: T): T {
  return (
    fields &&
    (Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T)
  );
}

const refused = (where: string, why: string) => usageError('bad-scenario', `${where}: ${why}`);

function withChannels(migration: ScenarioInput['migration']): ScenarioInput['migration'] {
  return rowOf(migration)?.takesChannels === true
    ? { channels: usualStressChannels, ...migration }
    : migration;
}

/** Without a hot part nothing has a share. */
const withHotPercent = (guest: Scenario['guest']): Scenario['guest'] =>
  guest.hotMiB === undefined
    ? guest
    : { ...guest, hotPercent: guest.hotPercent ?? usualHotPercent };

/** Only KVM has a dirty ring. */
const withRing = (machine: Scenario['machine']): Scenario['machine'] =>
  machine.dirtyRingSize === undefined ? machine : { accel: 'kvm', ...machine };

/**
 * Such as `multifd:4`, `tcp+xbzrle,stamp=wide` or `postcopy,memoryMiB=512,max-bandwidth=100000000`.
 */
function nameOf({ migration, ...rest }: Omit<Scenario, 'name'>): string {
  const { transport, channels, capabilities = [], parameters = {}, ...other } = migration;
  const changed = (Object.keys(usual) as (keyof typeof usual)[]).flatMap((group) =>
    Object.entries(rest[group]).filter(
      ([field, value]) => (usual[group] as Record<string, unknown>)[field] !== value,
    ),
  );
  const settings = [...changed, ...Object.entries(other), ...Object.entries(parameters)].map(
    ([name, value]) => `,${name}=${String(value)}`,
  );
  const count = channels === undefined ? '' : `:${channels}`;
  return [transport, count, ...capabilities.map((name) => `+${name}`), ...settings].join('');
}
