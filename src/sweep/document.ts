/** What the documents of `drover devices` and `drover machines` have in common. */
import type { SweepOutcome, SweepOutcomeKind } from './outcome.js';

export interface SweepQemu {
  readonly command: string;
  readonly version: string;
  readonly package: string;
}

export interface SweepDocument<Result> {
  /** version of Drover */
  readonly drover: string;
  readonly source: SweepQemu;
  readonly destination: SweepQemu;
  /** the run was cancelled or failed: `results` lacks some that were selected */
  readonly partial: boolean;
  /** how many were selected */
  readonly selected: number;
  /** how many came to each outcome */
  readonly summary: Readonly<Record<SweepOutcomeKind, number>>;
  readonly results: readonly Result[];
}

/** A result as the rest of the sweep sees it. */
export interface NamedOutcome {
  /** of the device or machine; no other result has it */
  readonly name: string;
  readonly outcome: SweepOutcome;
}
