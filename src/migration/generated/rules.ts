/**
 * Which values are known not to go together, and why: data. What QEMU refuses beyond that is found
 * when tests are chosen, and in the tests themselves.
 */
import type { CoverageItem } from '../../model/coverage.js';
import type { Choice, Nogood } from '../../model/space/space.js';
import type { FactorOfTests } from './factors.js';

type Values = Readonly<Record<string, readonly string[]>>;

export interface GeneratedRule {
  /** these values ... */
  readonly where: Values;
  /** ... go only with these; without any: not at all */
  readonly only: Values;
  readonly why: string;
  /** a feature of the releases in which they do, or one that came with them or later */
  readonly unless?: CoverageItem;
}

const methods = ['zlib', 'zstd', 'qpl', 'uadk', 'qatzip'] as const;
/** a parameter that came in 11.1 */
const since11: CoverageItem = 'parameter x-rdma-chunk-size';
/** a mode that came in 10.2 */
const since10: CoverageItem = 'value mode=cpr-exec';

export const rules: readonly GeneratedRule[] = [
  {
    where: { transport: ['exec', 'file'] },
    only: {
      flow: ['live', 'stopped'],
      address: ['uri'],
      'return-path': ['no-return-path'],
    },
    why: 'a pipe and a file go one way: nothing can be sent to the source',
  },
  {
    where: { 'switchover-ack': ['switchover-ack'] },
    only: { 'return-path': ['return-path'] },
    why: 'the destination acknowledges over the return path',
  },
  {
    where: { multifd: ['multifd'], transport: ['exec'] },
    only: {},
    why: 'one pipe is one channel',
  },
  {
    where: { multifd: ['multifd'], transport: ['file'] },
    only: { 'mapped-ram': ['mapped-ram'] },
    why: 'several threads write one file only where each page has a place of its own',
  },
  {
    where: { multifd: ['multifd'], flow: ['postcopy', 'recovery'] },
    only: {},
    why: '7.2 allows both and its destination crashes or hangs; 10.0 refuses them together',
    unless: since10,
  },
  {
    where: { 'multifd-channels': ['1-channel', '9-channels'] },
    only: { multifd: ['multifd'] },
    why: 'without multifd there is one channel, whatever the parameter',
  },
  {
    where: { 'multifd-compression': methods },
    only: { multifd: ['multifd'] },
    why: 'only multifd compresses so',
  },
  {
    where: { 'multifd-compression': methods, flow: ['live'] },
    only: { stamps: ['page'] },
    why: 'pages with other stamps are sent a hundred times as fast: a migration may end before the guest, on a busy host, has written again',
  },
  {
    where: { 'zero-copy-send': ['zero-copy-send'] },
    only: { multifd: ['multifd'], transport: ['tcp'], 'multifd-compression': ['uncompressed'] },
    why: 'the kernel sends the pages of the guest themselves, and by TCP alone',
  },
  {
    where: { 'zero-copy-send': ['zero-copy-send'], flow: ['recovery'] },
    only: {},
    why: 'the new connection of the recovery is a UNIX socket',
  },
  {
    where: { 'mapped-ram': ['mapped-ram'] },
    only: { transport: ['file'] },
    why: 'each page has its place in a file',
  },
  {
    where: { 'direct-io': ['direct-io'] },
    only: { 'mapped-ram': ['mapped-ram'], multifd: ['multifd'] },
    why: 'only the channels of multifd write whole pages at fixed places',
  },
  {
    where: { 'postcopy-preempt': ['postcopy-preempt'] },
    only: { flow: ['postcopy', 'recovery'] },
    why: 'it is a channel for pages that the guest waits for in postcopy',
  },
  {
    where: { 'xbzrle-cache-size': ['small-cache'] },
    only: { xbzrle: ['xbzrle'] },
    why: 'nothing else has this cache',
  },
  {
    where: { 'cpu-throttle-tailslow': ['tailslow'] },
    only: { 'auto-converge': ['auto-converge'] },
    why: 'nothing else throttles',
  },
  {
    where: { 'release-ram': ['release-ram'], flow: ['recovery'] },
    only: {},
    why: 'the source has released pages that it would have to send again, and refuses the new connection',
  },
  {
    where: { 'x-ignore-shared': ['x-ignore-shared'], memory: ['memfd'] },
    only: {},
    why: 'shared memory is not sent, and each side has its own',
  },
  {
    where: { 'x-ignore-shared': ['x-ignore-shared'], memory: ['shmem'] },
    only: { flow: ['stopped'] },
    why: 'both sides map one memory, of which nothing is sent: nothing shows that a live migration was one',
  },
  {
    where: { 'x-ignore-shared': ['x-ignore-shared'] },
    only: { 'mapped-ram': ['no-mapped-ram'] },
    why: 'QEMU before 11.0 reads two fields of a block in the wrong order, and fails',
    unless: since11,
  },
];

/** Every choice of one value for each factor. */
function products(values: Values): Choice[][] {
  let all: Choice[][] = [[]];
  for (const [factor, each] of Object.entries(values)) {
    all = all.flatMap((before) => each.map((value) => [...before, { factor, value }]));
  }
  return all;
}

/** What a rule forbids. */
function nogoodsOf({ where, only }: GeneratedRule, factors: readonly FactorOfTests[]): Nogood[] {
  const wheres = products(where);
  if (Object.keys(only).length === 0) return wheres;
  const others = factors.flatMap(({ name, values }) => {
    const admitted = only[name];
    if (admitted === undefined) return [];
    return values
      .filter((value) => !admitted.includes(value.name))
      .map((value): Choice => ({ factor: name, value: value.name }));
  });
  return wheres.flatMap((choices) => others.map((other) => [...choices, other]));
}

export const appliesTo = (rule: GeneratedRule, offered: ReadonlySet<CoverageItem>): boolean =>
  rule.unless === undefined || !offered.has(rule.unless);

export const knownNogoods = (
  factors: readonly FactorOfTests[],
  offered: ReadonlySet<CoverageItem>,
  from: readonly GeneratedRule[] = rules,
): Nogood[] =>
  from.filter((rule) => appliesTo(rule, offered)).flatMap((rule) => nogoodsOf(rule, factors));

const worded = (values: Values): string =>
  Object.values(values)
    .map((names) => names.join(' or '))
    .join(', ');

/** For `--list`. */
export const ruleText = ({ where, only, why }: GeneratedRule): string =>
  `${worded(where)}: ${Object.keys(only).length === 0 ? 'not together' : `only with ${worded(only)}`}: ${why}`;
