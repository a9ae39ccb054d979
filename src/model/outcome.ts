/** How a test ended. Plain data: it crosses threads and is written to the event log. */
import type { ArrivalCheck } from './arrival.js';
import type { FaultReport } from './fault-report.js';
import type { MemoryVerdict } from './verdict.js';

export type Side = 'source' | 'destination';

/** statuses of a migration after which QEMU sends nothing more */
export const endStatuses: readonly string[] = ['completed', 'failed', 'cancelled'];

/** The phases of one test, in order; reports split the time by them. */
export const phases = ['prepare', 'launch', 'warm-up', 'migrate', 'verify', 'end'] as const;
export type Phase = (typeof phases)[number];

export interface PhaseTiming {
  readonly phase: Phase;
  /** milliseconds since the test started */
  readonly startMs: number;
  readonly durationMs: number;
}

/**
 * An error as plain data: what went wrong, and of a wait that ran out, for what it waited and what
 * it last saw.
 */
export interface Failure {
  /** stable, kebab-case; part of the event log's contract */
  readonly code: string;
  /** one sentence */
  readonly message: string;
  readonly phase?: Phase;
  readonly side?: Side;
  readonly waitedFor?: string;
  readonly lastSeen?: string;
  /** further lines of evidence: stderr tails, QMP replies */
  readonly details?: readonly string[];
  /** messages of the errors beneath, outermost first */
  readonly causes?: readonly string[];
}

/** Figures of a migration that completed. */
export interface MigrationFigures {
  /** QEMU's own figures, milliseconds and bytes; absent where this QEMU reports none */
  readonly downtimeMs?: number;
  readonly totalTimeMs?: number;
  readonly setupTimeMs?: number;
  readonly transferredBytes?: number;
  readonly dirtySyncCount?: number;
}

/** One of several migrations of the same guest. */
export interface LegResult {
  /** versions of the QEMU it left, and of the one it came to */
  readonly from: string;
  readonly to: string;
  readonly verdict: MemoryVerdict;
  readonly figures: MigrationFigures;
}

/** What QEMU refused of a test that takes a refusal for an answer. */
export interface Refusal {
  /** of QMP, such as `migrate-set-capabilities` */
  readonly command: string;
  readonly side: Side;
  /** QEMU's own */
  readonly words: string;
}

export type Outcome =
  | {
      readonly kind: 'passed';
      readonly verdict?: MemoryVerdict;
      readonly figures?: MigrationFigures;
      /** what a comparison of both sides found; absent where they never stood still at one time */
      readonly arrival?: ArrivalCheck | undefined;
      /** of a guest that was moved several times; verdict and figures are of the last */
      readonly legs?: readonly LegResult[];
      /** of a test that disturbed the connections of a migration */
      readonly fault?: FaultReport | undefined;
      /** of a generated test: there was no migration, and the guest runs on unharmed at the source */
      readonly refused?: Refusal | undefined;
    }
  /** QEMU or the guest broke the contract */
  | {
      readonly kind: 'failed';
      readonly failure: Failure;
      readonly verdict?: MemoryVerdict;
    }
  /** the host or Drover itself broke */
  | { readonly kind: 'broken'; readonly failure: Failure }
  | { readonly kind: 'skipped'; readonly reason: string }
  | { readonly kind: 'cancelled'; readonly phase?: Phase };

export type OutcomeKind = Outcome['kind'];
