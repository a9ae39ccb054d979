/**
 * What a check of guest memory found. Pure data; made by the memory engine, read by the
 * migration flows, the reporters and the command line.
 *
 * All addresses are guest-physical byte addresses, as numbers (exact below 2^53).
 */

/** The range a check covers: [start, end), one stamp every `step` bytes. */
export interface PageRange {
  readonly start: number;
  /** exclusive */
  readonly end: number;
  /** bytes between two stamps; the guest's page size */
  readonly step: number;
}

/** Neighbouring pages that hold one wrong value where one and the same value was expected. */
export interface DamagedRun {
  /** address of the first damaged page */
  readonly start: number;
  /** address after the last damaged page */
  readonly end: number;
  readonly pages: number;
  /** generation (0..255) that the best cut demands here */
  readonly expected: number;
  /** generation (0..255) that is there */
  readonly found: number;
}

/** Verdict of the generation check at level `byte`. */
export interface MemoryVerdict {
  readonly level: 'byte';
  readonly intact: boolean;
  readonly range: PageRange;
  /** pages examined */
  readonly pages: number;
  /** generation (0..255) of the pages before the edge */
  readonly generation: number;
  /** address of the first page that is one generation behind; null when all pages are equal */
  readonly edge: number | null;
  /** pages that the best cut does not explain: the true total */
  readonly damagedPages: number;
  /** how many runs those pages form: the true total */
  readonly damagedRuns: number;
  /** the first runs, in address order, capped */
  readonly damage: readonly DamagedRun[];
  /** the same memory judged by upstream's sequential rule, in upstream's words; empty when that rule finds nothing */
  readonly upstreamLines: readonly string[];
  /** how memory was read and which kernel scanned it, for the record */
  readonly source: string;
  readonly kernel: string;
  readonly elapsedMs: number;
}
