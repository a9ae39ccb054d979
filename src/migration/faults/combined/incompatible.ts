/**
 * Which values of two factors do not go together, and why: data. Everything else is a combination
 * that Drover can run, if the QEMUs and the host can.
 */
import { factorNames, factors } from './combination.js';
import type { Combination, FactorName } from './combination.js';

type Values = { readonly [name in FactorName]?: readonly Combination[name][] };

interface Rule {
  /** these values ... */
  readonly where: Values;
  /** ... go only with these */
  readonly only: Values;
  readonly why: string;
}

const onChannel = [
  ...['delay', 'rate', 'stall', 'blackhole', 'hold-back', 'half-close'],
  ...['fin', 'fin-both', 'rst', 'rst-both', 'drop', 'flip'],
] as readonly Combination['fault'][];
const ofProcess = [
  'none',
  'stop',
  'kill',
  'disk-full',
  'file-size',
  'descriptors',
  'memory',
] as const;
const ofHost = ['disk-full', 'file-size', 'descriptors', 'memory'] as const;

export const rules: readonly Rule[] = [
  {
    where: { mode: ['file'] },
    only: { transport: ['file'] },
    why: 'a migration to a file has no connection',
  },
  {
    where: { mode: ['precopy', 'multifd', 'postcopy', 'preempt'] },
    only: { transport: ['unix', 'tcp', 'tls'] },
    why: 'it needs a connection',
  },
  {
    where: { mode: ['file'] },
    only: { answers: ['one-way'], channel: ['process'], stage: ['memory'], profile: ['managed'] },
    why: 'only the source takes part while the file is written, and nobody answers it',
  },
  {
    where: { mode: ['postcopy', 'preempt'] },
    only: { answers: ['return-path'] },
    why: 'postcopy asks for pages over the return path',
  },
  {
    where: { stage: ['postcopy', 'recovery'] },
    only: { mode: ['postcopy', 'preempt'] },
    why: 'only postcopy has this stage',
  },
  {
    where: { stage: ['postcopy', 'recovery'] },
    only: { profile: ['bare'] },
    why: "in postcopy the destination's guest runs before the source has completed, with a manager as well",
  },
  {
    where: { channel: ['pages'] },
    only: { mode: ['multifd'] },
    why: 'only multifd has channels of pages',
  },
  {
    where: { channel: ['urgent'] },
    only: { mode: ['preempt'], stage: ['postcopy', 'recovery'] },
    why: 'only preempt has a channel for pages that the guest waits for, and it is idle before postcopy',
  },
  {
    where: { fault: onChannel },
    only: { channel: ['main', 'pages', 'urgent', 'all'] },
    why: 'it is a fault of a channel',
  },
  {
    where: { fault: [...ofProcess] },
    only: { channel: ['process'] },
    why: 'it is no fault of a channel',
  },
  {
    where: { channel: ['process'] },
    only: { direction: ['source', 'destination'] },
    why: 'it befalls one side',
  },
  {
    where: { fault: ['none'] },
    only: { direction: ['destination'], stage: ['memory'] },
    why: 'without a fault there is one case for all moments and directions',
  },
  {
    where: { fault: ['flip'] },
    only: { transport: ['tls'] },
    why: 'without TLS QEMU does not notice a flipped bit: see faults/precopy/unix/bit-flip',
  },
  {
    where: { fault: ['drop', 'flip', 'hold-back'] },
    only: { direction: ['destination', 'source'] },
    why: 'one damage at a time',
  },
  {
    where: { answers: ['one-way'], fault: onChannel },
    only: { direction: ['destination'] },
    why: 'without a return path nothing is sent to the source',
  },
  {
    where: { fault: [...ofHost] },
    only: { mode: ['file', 'multifd', 'precopy'], profile: ['managed'] },
    why: 'one migration of a kind shows the limits of the host',
  },
  {
    where: { fault: ['disk-full', 'file-size'] },
    only: { mode: ['file'], direction: ['source'] },
    why: 'only a migration to a file writes one, and only the source does',
  },
  {
    where: { fault: ['descriptors', 'memory'] },
    only: { stage: ['setup'], transport: ['tcp'], answers: ['return-path'] },
    why: 'a migration needs more of both when it connects',
  },
  {
    where: { fault: ['memory'] },
    only: { mode: ['multifd'], direction: ['destination'] },
    why: 'one channel needs none; the guest of a source without memory is lost whatever the migration does',
  },
];

const admits = (values: Values, each: Combination): boolean =>
  factorNames.every((name) => {
    const admitted: readonly string[] | undefined = values[name];
    return admitted === undefined || admitted.includes(each[name]);
  });

/** The first rule that forbids a combination; undefined if it can be run. */
export function forbidding(each: Combination): Rule | undefined {
  return rules.find(({ where, only }) => admits(where, each) && !admits(only, each));
}

/** Every combination of all values, with those that no rule forbids apart. */
export function allCombinations(): {
  readonly valid: readonly Combination[];
  /** how many each rule forbids that no rule before it does */
  readonly dropped: ReadonlyMap<Rule, number>;
} {
  const valid: Combination[] = [];
  const dropped = new Map<Rule, number>();
  const extend = (names: readonly FactorName[], so: Partial<Combination>): void => {
    const [name, ...rest] = names;
    if (name === undefined) {
      const rule = forbidding(so as Combination);
      if (rule === undefined) valid.push(so as Combination);
      else dropped.set(rule, (dropped.get(rule) ?? 0) + 1);
      return;
    }
    for (const value of factors[name]) extend(rest, { ...so, [name]: value });
  };
  extend(factorNames, {});
  return { valid, dropped };
}

const worded = (values: Values): string =>
  factorNames
    .flatMap((name) => (values[name] === undefined ? [] : [`${name} ${values[name].join(', ')}`]))
    .join('; ');

/** For `--list`. */
export const ruleText = ({ where, only, why }: Rule): string =>
  `${worded(where)}: only with ${worded(only)}: ${why}`;
