/**
 * What the tests of `drover generate` are combined of: data. Each factor has a usual value, the
 * first, which is not in a test's name. The name of every other value is its own, so that it stands
 * for the factor, too.
 */
import type { CoverageItem } from '../../model/coverage.js';
import type { HostFactName } from '../../model/host-facts.js';
import type { StampKind } from '../../model/stamps.js';

type Scalar = string | number | boolean;

export interface FactorValue {
  readonly name: string;
  /** what both QEMUs must have, by their introspection */
  readonly items?: readonly CoverageItem[];
  readonly host?: HostFactName;
  /** switched on at both sides */
  readonly capability?: string;
  /** switched on at the source alone */
  readonly sourceCapability?: string;
  /** of both sides */
  readonly parameters?: Readonly<Record<string, Scalar>>;
  readonly sourceParameters?: Readonly<Record<string, Scalar>>;
  readonly memory?: 'anon' | 'memfd' | 'shmem';
  readonly stamp?: StampKind;
  readonly writers?: number;
}

export interface FactorOfTests {
  readonly name: string;
  readonly values: readonly [usual: FactorValue, ...others: FactorValue[]];
}

const onBoth = (name: string, more: Partial<FactorValue> = {}): FactorOfTests => ({
  name,
  values: [
    { name: `no-${name}` },
    { name, capability: name, items: [`capability ${name}`], ...more },
  ],
});

const postcopy = { items: ['capability postcopy-ram'], host: 'userfaultfd' } as const;

const compression = (method: string): FactorValue => ({
  name: method,
  items: [`value multifd-compression=${method}`],
  parameters: { 'multifd-compression': method },
});

/** only the source looks for zero pages */
const zeroPages = (mode: string): FactorValue => ({
  name: `zero-pages-${mode}`,
  items: [`value zero-page-detection=${mode}`],
  sourceParameters: { 'zero-page-detection': mode },
});

const channels = (count: number): FactorValue => ({
  name: count === 1 ? '1-channel' : `${count}-channels`,
  parameters: { 'multifd-channels': count },
});

const parameter = (
  name: string,
  usual: string,
  value: FactorValue & { readonly name: string },
): FactorOfTests => ({
  name,
  values: [{ name: usual }, { items: [`parameter ${name}`], ...value }],
});

/**
 * In the order in which QEMU takes the capabilities: some are refused before others.
 */
export const factors: readonly FactorOfTests[] = [
  {
    name: 'flow',
    values: [
      { name: 'live' },
      { name: 'stopped' },
      { name: 'postcopy', ...postcopy },
      { name: 'recovery', ...postcopy },
    ],
  },
  {
    name: 'transport',
    values: [
      { name: 'unix', items: ['transport unix'] },
      { name: 'tcp', items: ['transport tcp'] },
      { name: 'tls', items: ['transport tcp', 'parameter tls-creds'] },
      { name: 'exec', items: ['transport exec'] },
      { name: 'file', items: ['transport file'] },
    ],
  },
  {
    name: 'address',
    values: [{ name: 'uri' }, { name: 'channels', items: ['channel main'] }],
  },
  {
    name: 'memory',
    values: [
      { name: 'anon', memory: 'anon' },
      { name: 'memfd', memory: 'memfd' },
      { name: 'shmem', memory: 'shmem', host: 'shared-memory' },
    ],
  },
  {
    name: 'stamps',
    values: [
      { name: 'wide', stamp: 'wide' },
      { name: 'byte', stamp: 'byte' },
      { name: 'page', stamp: 'page' },
    ],
  },
  {
    name: 'writers',
    values: [
      { name: '1-writer', writers: 1 },
      { name: '2-writers', writers: 2 },
    ],
  },
  onBoth('return-path'),
  onBoth('switchover-ack'),
  onBoth('multifd'),
  { name: 'multifd-channels', values: [channels(4), channels(1), channels(9)] },
  {
    name: 'multifd-compression',
    values: [
      { name: 'uncompressed', parameters: { 'multifd-compression': 'none' } },
      ...['zlib', 'zstd', 'qpl', 'uadk', 'qatzip'].map(compression),
    ],
  },
  {
    name: 'zero-page-detection',
    values: [{ name: 'usual-zero-pages' }, ...['none', 'legacy', 'multifd'].map(zeroPages)],
  },
  {
    name: 'zero-copy-send',
    values: [
      { name: 'no-zero-copy-send' },
      {
        name: 'zero-copy-send',
        sourceCapability: 'zero-copy-send',
        items: ['capability zero-copy-send'],
        host: 'locked-memory',
      },
    ],
  },
  onBoth('mapped-ram'),
  parameter('direct-io', 'no-direct-io', {
    name: 'direct-io',
    parameters: { 'direct-io': true },
    host: 'direct-io',
  }),
  // reliable from the release on that has switchover-ack (preempt.ts)
  onBoth('postcopy-preempt', {
    items: ['capability postcopy-preempt', 'capability switchover-ack'],
  }),
  onBoth('xbzrle'),
  parameter('xbzrle-cache-size', 'usual-cache', {
    name: 'small-cache',
    sourceParameters: { 'xbzrle-cache-size': 64 * 1024 },
  }),
  onBoth('compress'),
  onBoth('auto-converge'),
  parameter('cpu-throttle-tailslow', 'usual-throttle', {
    name: 'tailslow',
    sourceParameters: { 'cpu-throttle-tailslow': true },
  }),
  onBoth('x-ignore-shared'),
  onBoth('release-ram'),
  onBoth('pause-before-switchover'),
  parameter('avail-switchover-bandwidth', 'measured-bandwidth', {
    name: 'given-bandwidth',
    sourceParameters: { 'avail-switchover-bandwidth': 1_000_000_000 },
  }),
  onBoth('late-block-activate'),
  onBoth('dirty-bitmaps'),
  onBoth('validate-uuid'),
  onBoth('zero-blocks'),
  onBoth('rdma-pin-all'),
  onBoth('dirty-limit'),
];

/** Capabilities that are no factor, and why. All others that a QEMU has are one. */
export const leftOut: Readonly<Record<string, string>> = {
  events: 'always on: the tests wait for events',
  'postcopy-ram': 'part of the flows postcopy and recovery',
  'postcopy-blocktime': 'always on in the flows postcopy and recovery',
  'background-snapshot': 'a flow of its own: background-snapshot/file',
  'x-colo': 'a flow of its own: colo/...',
  block: 'copies disks, and the guest has none',
};

/** A capability that no table names is a factor like others: off, or on at both sides. */
export const unknownFactor = (capability: string): FactorOfTests => onBoth(capability);

const named = new Set(
  factors.flatMap(({ values }) =>
    values.flatMap(({ capability, sourceCapability }) => capability ?? sourceCapability ?? []),
  ),
);

/** The factors of QEMUs that have these features. */
export function factorsOf(offered: readonly CoverageItem[]): readonly FactorOfTests[] {
  const capabilities = offered.flatMap((item) => /^capability (.+)$/.exec(item)?.[1] ?? []);
  const unknown = capabilities.filter((name) => !named.has(name) && leftOut[name] === undefined);
  return [...factors, ...[...new Set(unknown)].map(unknownFactor)];
}
