/** What each check says of a damaged migration. Plain data, part of the JSON document. */
import type { DamageKind, DamagedRegion } from './mutants.js';
import type { RecordingKind } from './recording.js';

/**
 * `qemu`: the destination refuses, or does not complete. `ram`, `state`: source and destination are
 * compared before the guest goes on. `guest`: it finds its own processor or timers wrong, or is
 * dead. `stamps`: of memory, after the guest has gone on.
 */
export const checkNames = ['qemu', 'ram', 'state', 'guest', 'stamps'] as const;
export type CheckName = (typeof checkNames)[number];

export interface Finding {
  readonly check: CheckName;
  /** it names the damaged pages or the field, and no others */
  readonly named: boolean;
  /** in its own words */
  readonly words: string;
}

/**
 * `killed`: a check found it. `refused`: QEMU did. `equivalent`: all that the stream holds of the
 * guest is the same, or loading does not use it. `survived`: nobody found it. `broken`: this host
 * or Drover was at fault.
 */
export const fates = ['killed', 'refused', 'equivalent', 'survived', 'broken'] as const;
export type Fate = (typeof fates)[number];

export interface MutantResult {
  readonly recording: RecordingKind;
  readonly region: DamagedRegion;
  readonly damage: DamageKind;
  /** what was done */
  readonly text: string;
  readonly fate: Fate;
  /** of an equivalent, a survivor or a broken one: why */
  readonly reason?: string;
  readonly findings: readonly Finding[];
  readonly durationMs: number;
}

/** A run's option `--arrival`. */
export const levelNames = ['stamps', 'exact', 'both'] as const;
export type CheckLevel = (typeof levelNames)[number];

/** what such a run looks at */
export const checkLevels: Readonly<Record<CheckLevel, readonly CheckName[]>> = {
  stamps: ['qemu', 'guest', 'stamps'],
  exact: ['qemu', 'ram', 'state'],
  both: checkNames,
};

/** Whether the checks of a level find it. */
export const isFoundAt = ({ findings }: MutantResult, level: CheckLevel): boolean =>
  findings.some(({ check }) => checkLevels[level].includes(check));
