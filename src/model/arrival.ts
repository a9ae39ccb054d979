/**
 * What Drover found when it compared a source and a destination that both stood still: all RAM byte
 * for byte, all device state section by section. Plain data, part of an outcome.
 */

/** When a run compares: where both stand still anyway, never, or wherever it can be arranged. */
export const arrivalModes = ['usual', 'stamps', 'exact', 'both'] as const;
export type ArrivalMode = (typeof arrivalModes)[number];

export interface ArrivalCheck {
  /** RAM blocks that are equal */
  readonly blocks: number;
  /** bytes of RAM compared on each side */
  readonly ramBytes: number;
  /** sections of device state compared */
  readonly sections: number;
  /** differences that are no fault, one sentence each */
  readonly expected: readonly string[];
  /** what could not be compared, and why, one sentence each */
  readonly notCompared: readonly string[];
}
