/** What a migration whose connections Drover disturbed came to. Plain data. */

/**
 * State of a side. `runs`: its guest writes memory. `paused`: it stands still, and all of it is
 * there. `incomplete`: a destination that waits for the rest. `gone`: QEMU has ended.
 */
export const sideStates = ['runs', 'paused', 'incomplete', 'gone'] as const;
export type SideState = (typeof sideStates)[number];

/** Of source and destination. */
export type EndPair = `${SideState}/${SideState}`;

/** What it took to end the migration on the source, the mildest first. */
export const rungs = ['none', 'migrate_cancel', 'yank', 'SIGKILL'] as const;
export type Rung = (typeof rungs)[number];

export interface FaultReport {
  /** states of source and destination once the fault had done its work, before anybody acted */
  readonly before: EndPair;
  readonly rung: Rung;
  /** how long that took, milliseconds */
  readonly rungMs: number;
  /** states after the migration was ended, and a manager acted if there is one */
  readonly after: EndPair;
  /** known hazards of QEMU that showed */
  readonly hazards: readonly Hazard[];
  /**
   * without a manager: from the destination's RESUME to the source's `completed`, milliseconds;
   * negative where the source was first
   */
  readonly commitMs?: number | undefined;
  /** how a postcopy whose connection broke went on */
  readonly recovery?: Recovery | undefined;
  /** the guest is gone with the side that had it, as the fault allows */
  readonly lost?: true | undefined;
}

export const pausers = ['itself', 'migrate-pause', 'yank'] as const;
export type Pauser = (typeof pausers)[number];

export interface Recovery {
  /** what it took until both sides were in `postcopy-paused`, the mildest first */
  readonly pausedBy: Pauser;
  /** from then on until the source had completed, milliseconds */
  readonly ms: number;
}

/** A state that QEMU alone can end in, though no guest should. */
export interface Hazard {
  readonly kind: 'both-run' | 'neither-runs';
  /** how long, until Drover ended it */
  readonly ms: number;
}
