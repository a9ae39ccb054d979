/**
 * What lies in the directory of a test as `test.json`: enough to explain its outcome and to run it again without
 * the rest of the run. Fields may be added; any other change raises the version.
 */
import type { Accelerator } from './arch.js';
import type { HostIdentity, QemuIdentity } from './events.js';
import type { Outcome, PhaseTiming } from './outcome.js';

export const testRecordVersion = 2;
export const testRecordName = 'test.json';

export interface TestRecord {
  readonly version: typeof testRecordVersion;
  readonly test: string;
  readonly attempt: number;
  /** when it ended; ISO 8601, UTC */
  readonly time: string;
  readonly drover: string;
  readonly host: HostIdentity;
  readonly source: QemuIdentity;
  readonly destination: QemuIdentity;
  /** of a chain: all QEMUs in their order */
  readonly route?: readonly QemuIdentity[];
  readonly machine: string;
  readonly accel: Accelerator;
  /** of a test of the user's own: the module that defines it */
  readonly testFile?: string;
  readonly timeoutMs: number;
  /** factor of all deadlines, above 1 on a slow host */
  readonly slowness: number;
  /** `-trace` patterns */
  readonly trace?: string;
  readonly qtestLog: boolean;
  /** the command that runs it again */
  readonly rerun: string;
  readonly outcome: Outcome;
  readonly durationMs: number;
  readonly phases: readonly PhaseTiming[];
}
