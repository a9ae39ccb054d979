/** What `drover devices --json` writes, and what a later run compares itself with. */
import type { NamedOutcome, SweepDocument } from '../sweep/document.js';
import type { SweepOutcome } from '../sweep/outcome.js';

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
  readonly outcome: SweepOutcome;
}

export interface DevicesDocument extends SweepDocument<DeviceResult> {
  readonly version: typeof devicesVersion;
  /** versioned machine type of both sides */
  readonly machine: string;
  /** how many devices the source has */
  readonly known: number;
}

export const namedDevice = ({ device, outcome }: DeviceResult): NamedOutcome => ({
  name: device,
  outcome,
});
