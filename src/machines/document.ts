/** What `drover machines --json` writes, and what a later run compares itself with. */
import type { NamedOutcome, SweepDocument } from '../sweep/document.js';
import type { SweepOutcome } from '../sweep/outcome.js';
import type { RamPlace } from '../qemu/address-space.js';

/** raised when a member goes or changes its meaning */
export const machinesVersion = 1;

/** `stopped`: the machine as QEMU makes it, which never runs; `live`: Drover's guest runs on it */
export const machineModes = ['stopped', 'live'] as const;
export type MachineMode = (typeof machineModes)[number];

export interface MachineResult {
  /** QEMU's name of it, as in `qemu-system-m68k` */
  readonly target: string;
  readonly machine: string;
  readonly mode: MachineMode;
  /** what both QEMUs got beside the machine */
  readonly arguments: readonly string[];
  /** where QEMU says that RAM lies; absent where the source did not start, and of `live` */
  readonly ram?: readonly RamPlace[];
  readonly durationMs: number;
  readonly outcome: SweepOutcome;
}

export interface MachinesDocument extends SweepDocument<MachineResult> {
  readonly version: typeof machinesVersion;
  /** those of which something was selected */
  readonly targets: readonly string[];
  /** targets and machine types of the source that the destination does not have */
  readonly onlyAtSource: readonly string[];
}

export const machineName = ({
  target,
  machine,
  mode,
}: Pick<MachineResult, 'target' | 'machine' | 'mode'>): string => `${target} ${machine} ${mode}`;

export const namedMachine = (result: MachineResult): NamedOutcome => ({
  name: machineName(result),
  outcome: result.outcome,
});
