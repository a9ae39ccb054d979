/** What came of one device or machine: plain data, part of the JSON document. */
import type { Side } from '../model/outcome.js';

/** what was going on */
export const sweepSteps = [
  'start',
  'warm-up',
  'telling-values',
  'migration',
  'comparison',
  'end',
] as const;
export type SweepStep = (typeof sweepSteps)[number];

/** One difference between the two sides. */
export interface DeviceStateDifference {
  /** section of device state, or RAM block */
  readonly section: string;
  /** absent where Drover does not know the fields */
  readonly field?: string;
  /** value of the field on each side */
  readonly source?: string;
  readonly destination?: string;
  /** all of it in one sentence */
  readonly text: string;
}

/** What was compared. */
interface Compared {
  readonly sections: number;
  readonly blocks: number;
  readonly ramBytes: number;
  /** PCI functions that got telling values, and registers of a device that kept theirs */
  readonly functions: number;
  readonly registers: number;
  /** differences that are no fault, each with its reason */
  readonly expected: readonly string[];
  readonly notCompared: readonly string[];
}

export type SweepOutcome =
  | ({ readonly kind: 'equal' } & Compared)
  | ({
      readonly kind: 'differs';
      readonly differences: readonly DeviceStateDifference[];
    } & Compared)
  /** during `start`: the destination cannot be made as the source; else it does not load */
  | {
      readonly kind: 'refused';
      readonly side: Side;
      readonly during: SweepStep;
      readonly words: readonly string[];
    }
  /** a QEMU died */
  | {
      readonly kind: 'crashed';
      readonly side: Side;
      readonly during: SweepStep;
      readonly words: readonly string[];
    }
  | { readonly kind: 'timed-out'; readonly during: SweepStep; readonly words: readonly string[] }
  /** QEMU refuses `migrate` */
  | { readonly kind: 'not-migratable'; readonly words: readonly string[] }
  /** no source with it on this host */
  | { readonly kind: 'cannot-start'; readonly words: readonly string[] }
  /** this host or Drover is at fault */
  | { readonly kind: 'broken'; readonly words: readonly string[] };

/** The worst first: the order of the summary and of the page. */
export const sweepOutcomeKinds = [
  'crashed',
  'timed-out',
  'refused',
  'differs',
  'broken',
  'not-migratable',
  'cannot-start',
  'equal',
] as const satisfies readonly SweepOutcome['kind'][];
export type SweepOutcomeKind = (typeof sweepOutcomeKinds)[number];

/** QEMU's faults, with exit code 1 */
export const isFault = (kind: SweepOutcomeKind): boolean => severity[kind] > 0;

/** above 0: a fault of QEMU, the greater the worse */
export const severity: Readonly<Record<SweepOutcomeKind, number>> = {
  equal: 0,
  'cannot-start': 0,
  'not-migratable': 0,
  broken: 0,
  differs: 1,
  refused: 2,
  'timed-out': 3,
  crashed: 4,
};
