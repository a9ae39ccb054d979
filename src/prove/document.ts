/** The result of `drover prove` as one JSON document. */
import type { StampKind } from '../model/stamps.js';
import type { SweepQemu } from '../sweep/document.js';
import type { MutantResult } from './findings.js';
import type { RecordingKind } from './recording.js';
import type { Score } from './score.js';

export const proveVersion = 1;

export interface ProveDocument {
  readonly version: typeof proveVersion;
  /** version of Drover */
  readonly drover: string;
  readonly source: SweepQemu;
  readonly destination: SweepQemu;
  readonly machine: string;
  readonly stamp: StampKind;
  readonly seed: number;
  readonly recordings: readonly RecordingKind[];
  /** the run was cancelled or failed: `results` lacks some that were drawn */
  readonly partial: boolean;
  /** how many were drawn */
  readonly selected: number;
  readonly score: Score;
  readonly results: readonly MutantResult[];
}
