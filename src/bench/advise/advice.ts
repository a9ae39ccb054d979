/** Which scenarios suit a workload, in the order of preference, and how sure that is. Pure. */
import type { Calibration, CalibratedScenario } from './calibration.js';
import { isCompressed } from './calibration.js';
import { counted } from '../../model/text/format.js';
import { flagsOf } from './flags.js';
import type { Flags } from './flags.js';
import { predict } from './model.js';
import type { Prediction, Workload } from './model.js';

/** raised when a member goes or changes its meaning */
export const adviceVersion = 1;

export type Verdict = 'converges' | 'may-converge' | 'does-not-converge';

export interface ScenarioAdvice {
  readonly name: string;
  readonly verdict: Verdict;
  readonly expected: Prediction;
  /** with the rate as far above and below as it varied; a total time that is absent: no end */
  readonly best: Prediction;
  readonly worst: Prediction;
  /** processor time of the migration, without that of the guest where Drover could tell */
  readonly sourceProcessorSeconds: number;
  readonly destinationProcessorSeconds: number;
  /** what makes the prediction unsure; empty: only what the model leaves out */
  readonly doubts: readonly string[];
  readonly flags: Flags;
}

export interface Advice {
  readonly version: typeof adviceVersion;
  readonly workload: Workload;
  readonly calibration: Pick<Calibration, 'time' | 'host' | 'qemu' | 'accel' | 'memoryBytes'>;
  /** the best first: what converges, then the shortest total time, or downtime that is needed */
  readonly scenarios: readonly ScenarioAdvice[];
  readonly missing: Calibration['missing'];
}

/** no host is steadier than that */
const leastSpread = 0.1;
/** a spread above this is a doubt of its own */
const wideSpread = 0.5;
/** sorts last */
const noEnd = Number.MAX_VALUE;
const order: readonly Verdict[] = ['converges', 'may-converge', 'does-not-converge'];

export function advise(calibration: Calibration, workload: Workload): Advice {
  const { time, host, qemu, accel, memoryBytes, missing } = calibration;
  const scenarios = calibration.scenarios
    .map((scenario) => adviceOn(scenario, workload, accel))
    .sort(
      (a, b) =>
        order.indexOf(a.verdict) - order.indexOf(b.verdict) ||
        (a.expected.totalMs ?? noEnd) - (b.expected.totalMs ?? noEnd) ||
        a.expected.downtimeMs - b.expected.downtimeMs,
    );
  const about = { time, host, qemu, accel, memoryBytes };
  return { version: adviceVersion, workload, calibration: about, scenarios, missing };
}

function adviceOn(scenario: CalibratedScenario, workload: Workload, accel: string): ScenarioAdvice {
  const factor = 1 + Math.max(leastSpread, scenario.spread);
  const at = (times: number): Prediction =>
    predict({ ...scenario, bytesPerSecond: scenario.bytesPerSecond * times }, workload);
  const [worst, expected, best] = [at(1 / factor), at(1), at(factor)] as const;
  const gigabytes = expected.sentBytes / 1e9;
  // no promise is made on how well pages compress
  const isSure = worst.converges && !isCompressed(scenario);
  return {
    name: scenario.name,
    verdict: isSure ? 'converges' : best.converges ? 'may-converge' : 'does-not-converge',
    ...{ expected, best, worst },
    sourceProcessorSeconds: scenario.sourceSecondsPerGigabyte * gigabytes,
    destinationProcessorSeconds: scenario.destinationSecondsPerGigabyte * gigabytes,
    doubts: doubtsOf(scenario, accel),
    flags: flagsOf(scenario, workload),
  };
}

function doubtsOf(scenario: CalibratedScenario, accel: string): string[] {
  const { spread, migrations, includesGuest } = scenario;
  return [
    ...(spread > wideSpread
      ? [`the rate varied by ${(100 * spread).toFixed(0)} % between ${migrations} migrations`]
      : []),
    ...(migrations < 3 ? [`only ${counted(migrations, 'migration')} measured`] : []),
    ...(isCompressed(scenario) ? ["Drover's pages compress far better than most"] : []),
    ...(accel === 'tcg' ? ['TCG: a guest under KVM leaves the host more processor time'] : []),
    ...(includesGuest ? ["processor time contains the guest's own"] : []),
  ];
}
