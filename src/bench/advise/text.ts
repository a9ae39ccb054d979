/** Advice as the console shows it. Pure. */
import { formatMs } from '../../model/text/format.js';
import { columns } from '../../model/text/columns.js';
import { formatBytes } from '../../model/text/sizes.js';
import type { Advice, ScenarioAdvice, Verdict } from './advice.js';
import type { Prediction } from './model.js';

const verdicts: Readonly<Record<Verdict, string>> = {
  converges: 'converges',
  'may-converge': 'may converge',
  'does-not-converge': 'does not converge',
};

const rate = (bytesPerSecond: number): string => `${(bytesPerSecond / 1e6).toFixed(0)} MB/s`;
const time = ({ totalMs }: Prediction): string =>
  totalMs === undefined ? 'no end' : formatMs(totalMs);

export function adviceLines({ workload, calibration, scenarios, missing }: Advice): string[] {
  const { memoryBytes, workingSetBytes, dirtyBytesPerSecond, networkBytesPerSecond } = workload;
  const { host, qemu, accel } = calibration;
  const [best] = scenarios;
  return [
    `${formatBytes(memoryBytes)} of memory, ${formatBytes(workingSetBytes)} of it written at ${rate(dirtyBytesPerSecond)}; network ${rate(networkBytesPerSecond)}, downtime at most ${formatMs(workload.downtimeMs)}`,
    `calibration of ${calibration.time.slice(0, 10)} with a guest of ${formatBytes(calibration.memoryBytes)}: ${host.hostname}, QEMU ${qemu.version}, ${accel}`,
    '',
    ...columns(
      [
        [
          'scenario',
          'verdict',
          'rate',
          'total time',
          'from',
          'to',
          'downtime',
          'iterations',
          'CPU source',
          'CPU dest.',
        ],
        ...scenarios.map(rowFor),
      ],
      [2, 3, 4, 5, 6, 7, 8, 9],
    ),
    ...doubtLines(scenarios),
    ...missing.map(({ name, why }) => `  not measured, ${name}: ${why}`),
    '',
    ...(best === undefined || best.verdict === 'does-not-converge'
      ? ['none converges within this downtime: the column downtime says what each would need']
      : settingsOf(best)),
  ];
}

/** Each doubt once, with the scenarios that it is about. */
function doubtLines(scenarios: readonly ScenarioAdvice[]): string[] {
  const doubts = new Set(scenarios.flatMap((scenario) => scenario.doubts));
  return [...doubts].map((doubt) => {
    const about = scenarios.filter((scenario) => scenario.doubts.includes(doubt));
    const names = about.map(({ name }) => name).join(' ');
    return `  unsure, ${about.length === scenarios.length ? 'all' : names}: ${doubt}`;
  });
}

function rowFor(advice: ScenarioAdvice): string[] {
  const { name, verdict, expected, best, worst } = advice;
  return [
    name,
    verdicts[verdict],
    rate(expected.bytesPerSecond),
    ...[expected, best, worst].map(time),
    `${expected.converges ? '' : 'needs '}${formatMs(expected.downtimeMs)}`,
    String(expected.iterations),
    `${advice.sourceProcessorSeconds.toFixed(1)} s`,
    `${advice.destinationProcessorSeconds.toFixed(1)} s`,
  ];
}

function settingsOf({ name, flags }: ScenarioAdvice): string[] {
  return [
    `settings for ${name} (on both sides, where no side is named):`,
    ...flags.qemu.map((line) => `  QEMU   ${line}`),
    ...flags.qmp.map((line) => `  QMP    ${line}`),
    ...(flags.virsh ?? ['there is no option for this']).map((line) => `  virsh  ${line}`),
  ];
}
