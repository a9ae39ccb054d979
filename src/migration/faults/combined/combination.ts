/**
 * What a combined fault is made of, and its name, which says all of it: the name alone is enough to
 * run it again.
 */

/** The factors, in the order of a name. */
export const factors = {
  /** who lets the destination's guest run: see fault-table.ts */
  profile: ['managed', 'bare'],
  mode: ['precopy', 'multifd', 'postcopy', 'preempt', 'file'],
  /** `tls` is encrypted TCP */
  transport: ['unix', 'tcp', 'tls', 'file'],
  /** capability `return-path`; postcopy always has one */
  answers: ['return-path', 'one-way'],
  /**
   * When the fault begins: with the connection; while memory is sent; with the switchover; while
   * the guest already runs at the destination; over the new connection of a recovery.
   */
  stage: ['setup', 'memory', 'switchover', 'postcopy', 'recovery'],
  fault: [
    'none',
    'delay',
    'rate',
    'stall',
    'blackhole',
    'hold-back',
    'half-close',
    'fin',
    'fin-both',
    'rst',
    'rst-both',
    'drop',
    'flip',
    'stop',
    'kill',
    'disk-full',
    'file-size',
    'descriptors',
    'memory',
  ],
  /** of multifd `pages`, of preempt `urgent`; `process`: the fault is no channel's */
  channel: ['main', 'pages', 'urgent', 'all', 'process'],
  /** towards which side; of a process: whose */
  direction: ['destination', 'source', 'both'],
} as const;

type Factors = typeof factors;
export type FactorName = keyof Factors;
export type Combination = { readonly [name in FactorName]: Factors[name][number] };
export type FaultKind = Combination['fault'];

export const factorNames = Object.keys(factors) as FactorName[];

/** When exactly, and how much. Absent: at once; as much as is usual for the fault. */
export interface Detail {
  /** milliseconds after the stage was reached */
  readonly afterMs?: number | undefined;
  /** bytes of the direction after the stage was reached */
  readonly atBytes?: number | undefined;
  /** bytes, milliseconds, or the bit: as of the fault */
  readonly amount?: number | undefined;
}

export interface CombinedFault extends Combination {
  readonly detail: Detail;
}

/** what the names of all begin with */
const prefix = '/migration/faults/';

export function pathOf(fault: CombinedFault): string {
  const { afterMs, atBytes, amount } = fault.detail;
  return [
    prefix + factorNames.map((name) => fault[name]).join('/'),
    ...(afterMs === undefined ? [] : [`after-${afterMs}ms`]),
    ...(atBytes === undefined ? [] : [`at-${atBytes}`]),
    ...(amount === undefined ? [] : [`amount-${amount}`]),
  ].join('/');
}

export const rowOf = (each: Combination): string[] => factorNames.map((name) => each[name]);

/** @returns undefined if it names no values of all factors, in order */
export function combinationOf(row: readonly string[]): Combination | undefined {
  const values = Object.fromEntries(factorNames.map((name, i) => [name, row[i]]));
  const isKnown = factorNames.every((name) =>
    factors[name].some((value) => value === values[name]),
  );
  return isKnown ? (values as unknown as Combination) : undefined;
}

/**
 * The fault that a path names, without the architecture; undefined for any other path.
 *
 * @param path as `pathOf` makes it
 */
export function combinedFaultOf(path: string): CombinedFault | undefined {
  if (!path.startsWith(prefix)) return undefined;
  const parts = path.slice(prefix.length).split('/');
  const combination = combinationOf(parts.slice(0, factorNames.length));
  if (combination === undefined) return undefined;
  const rest = parts.slice(factorNames.length).join('/');
  const found = /^(?:after-(\d+)ms)?\/?(?:at-(\d+))?\/?(?:amount-(\d+))?$/.exec(rest);
  const [, afterMs, atBytes, amount] = found ?? [];
  const fault = {
    ...combination,
    detail: { afterMs: whole(afterMs), atBytes: whole(atBytes), amount: whole(amount) },
  };
  return pathOf(fault) === path ? fault : undefined;
}

const whole = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Number(text);
