/**
 * What lies in the directory of a test as `test.json`: enough to explain its outcome and to run it
 * again without the rest of the run. Fields may be added; any other change raises the version.
 */
import type { RunStarted, TestFinished } from './events.js';

export const testRecordVersion = 2;
export const testRecordName = 'test.json';

type OfRun =
  'drover' | 'host' | 'source' | 'destination' | 'route' | 'machine' | 'accel' | 'arrival';
type OfTest = 'test' | 'attempt' | 'outcome' | 'durationMs' | 'phases';

export interface TestRecord extends Pick<RunStarted, OfRun>, Pick<TestFinished, OfTest> {
  readonly version: typeof testRecordVersion;
  /** when it ended; ISO 8601, UTC */
  readonly time: string;
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
}
