/** What `drover devices --json` writes, and what a later run compares itself with. */
import type { DeviceOutcome, DeviceOutcomeKind } from './outcome.js';

/** raised when a member goes or changes its meaning */
export const devicesVersion = 1;

export interface DeviceResult {
  readonly device: string;
  /** absent where it needs none */
  readonly bus?: string;
  /** QEMU's heading of it, such as `Network` */
  readonly category: string;
  /** what both QEMUs got beside the machine */
  readonly arguments: readonly string[];
  readonly durationMs: number;
  readonly outcome: DeviceOutcome;
}

export interface DevicesQemu {
  readonly command: string;
  readonly version: string;
  readonly package: string;
}

export interface DevicesDocument {
  readonly version: typeof devicesVersion;
  /** version of Drover */
  readonly drover: string;
  /** versioned machine type of both sides */
  readonly machine: string;
  readonly source: DevicesQemu;
  readonly destination: DevicesQemu;
  /** the run was cancelled or failed: `results` lacks devices that were selected */
  readonly partial: boolean;
  /** how many devices the source has */
  readonly known: number;
  /** how many of them were selected */
  readonly selected: number;
  /** how many devices came to each outcome */
  readonly summary: Readonly<Record<DeviceOutcomeKind, number>>;
  /** in the order in which QEMU lists its devices */
  readonly results: readonly DeviceResult[];
}
