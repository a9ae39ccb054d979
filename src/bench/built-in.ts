/** The scenarios that Drover brings, in groups; their names are computed (scenario.ts). */
import { tlsKinds } from '../migration/stress/transports.js';
import { memoryKinds } from '../model/command-line.js';
import { stampKinds } from '../model/stamps.js';
import type { ScenarioInput } from '../suite/scenario-input.js';
import { guestperf } from './guestperf.js';
import { resolveScenario } from './scenario.js';
import type { Scenario } from './scenario.js';

/** A scenario may be in several groups. */
export interface ScenarioGroup {
  /** with a slash: part of a larger group */
  readonly name: string;
  readonly scenarios: readonly Scenario[];
}

type Migration = ScenarioInput['migration'];

const mebibyte = 2 ** 20;
const migrations = (list: readonly Migration[]): ScenarioInput[] =>
  list.map((migration) => ({ migration }));
const multifd = (channels: number, more: Omit<Migration, 'transport'> = {}): Migration => ({
  transport: 'multifd',
  channels,
  ...more,
});
/**
 * XBZRLE sends what changed in a page, so the guest must not change all of it.
 * @param cacheMiB a power of two
 */
const xbzrle = (cacheMiB: number): ScenarioInput => ({
  guest: { stamp: 'wide' },
  migration: {
    transport: 'tcp',
    capabilities: ['xbzrle'],
    parameters: { 'xbzrle-cache-size': cacheMiB * mebibyte },
  },
});
/** a guest that writes more than such a network takes */
const narrow = { transport: 'tcp', parameters: { 'max-bandwidth': 125_000_000 } } as const;

const basic: readonly ScenarioInput[] = [
  ...migrations([
    { transport: 'unix' },
    { transport: 'tcp' },
    ...[1, 2, 4, 8].map((channels) => multifd(channels)),
    { transport: 'postcopy' },
    { transport: 'postcopy-preempt' },
  ]),
  // the cache holds all of memory
  xbzrle(256),
  { migration: { transport: 'mapped-ram' } },
];

/** what `drover bench` measures unless --group, --scenario or --scenarios is given */
export const usualGroup = 'basic';

const inputs: Readonly<Record<string, readonly ScenarioInput[]>> = {
  [usualGroup]: basic,
  multifd: migrations([
    ...[1, 2, 4, 8, 16, 32].map((channels) => multifd(channels)),
    ...['none', 'legacy'].map((mode) =>
      multifd(4, { parameters: { 'zero-page-detection': mode } }),
    ),
  ]),
  compression: [
    ...migrations(
      [2, 8].flatMap((channels) =>
        ['none', 'zlib', 'zstd', 'qatzip', 'qpl', 'uadk'].map((method) =>
          multifd(channels, { parameters: { 'multifd-compression': method } }),
        ),
      ),
    ),
    ...[64, 256].map(xbzrle),
  ],
  tls: migrations(
    tlsKinds.flatMap((tls) => [{ transport: 'tcp', tls }, multifd(4, { tls })] as const),
  ),
  'zero-copy': migrations([
    multifd(4),
    ...[1, 4].map((channels) => multifd(channels, { capabilities: ['zero-copy-send'] })),
  ]),
  postcopy: migrations(
    (['postcopy', 'postcopy-preempt'] as const).flatMap((transport) => [
      ...[0, 1, 5].map((postcopyAfter): Migration => ({ transport, postcopyAfter })),
      { transport, capabilities: ['postcopy-blocktime'] },
    ]),
  ),
  file: migrations([
    { transport: 'file' },
    { transport: 'mapped-ram' },
    ...[1, 4].flatMap((channels) =>
      [false, true].map((direct): Migration => ({
        transport: 'mapped-ram-multifd',
        channels,
        parameters: { 'direct-io': direct },
      })),
    ),
  ]),
  throttle: [
    { migration: narrow },
    ...[10, 50].map((step): ScenarioInput => ({
      migration: {
        ...narrow,
        capabilities: ['auto-converge'],
        parameters: { ...narrow.parameters, 'cpu-throttle-increment': step },
      },
    })),
    {
      machine: { dirtyRingSize: 4096 },
      migration: {
        ...narrow,
        capabilities: ['dirty-limit'],
        parameters: { ...narrow.parameters, 'vcpu-dirty-limit': 20 },
      },
    },
  ],
  switchover: [
    ...migrations([
      { transport: 'tcp' },
      { transport: 'tcp', capabilities: ['return-path'] },
      ...[125_000_000, 1_250_000_000].map((rate): Migration => ({
        transport: 'tcp',
        parameters: { 'avail-switchover-bandwidth': rate },
      })),
    ]),
    ...[20, 100, 1000].map((downtimeLimitMs): ScenarioInput => ({
      migration: { transport: 'tcp' },
      limits: { downtimeLimitMs },
    })),
  ],
  pause: migrations([0, 1, 5].map((pauseAfter) => ({ transport: 'tcp', pauseAfter }))),
  bandwidth: migrations(
    [12.5, 125, 1250].map((megabytes) => ({
      transport: 'tcp',
      parameters: { 'max-bandwidth': megabytes * 1e6 },
    })),
  ),
  guest: [
    ...stampKinds.map((stamp): ScenarioInput => ({
      guest: { stamp },
      migration: { transport: 'tcp' },
    })),
    ...[1, 2, 4].flatMap((writers) =>
      [32, 128].map((workingSetMiB): ScenarioInput => ({
        guest: { writers, workingSetMiB },
        migration: { transport: 'tcp' },
      })),
    ),
    ...[50, 90, 99].map((hotPercent): ScenarioInput => ({
      guest: { hotMiB: 16, hotPercent },
      migration: { transport: 'tcp' },
    })),
    ...[512, 1024].map((memoryMiB): ScenarioInput => ({
      guest: { memoryMiB },
      migration: { transport: 'tcp' },
    })),
  ],
  memory: memoryKinds.map((backend): ScenarioInput => ({
    machine: { backend },
    migration: { transport: 'multifd' },
  })),
  ...Object.fromEntries(Object.entries(guestperf).map(([name, of]) => [`guestperf/${name}`, of])),
};

export const builtInGroups: readonly ScenarioGroup[] = Object.entries(inputs).map(
  ([name, scenarios]) => ({
    name,
    scenarios: scenarios.map((input) => resolveScenario(input, `group ${name}`)),
  }),
);

/** each once */
export const builtInScenarios: readonly Scenario[] = [
  ...new Map(
    builtInGroups.flatMap(({ scenarios }) => scenarios).map((each) => [each.name, each]),
  ).values(),
];
