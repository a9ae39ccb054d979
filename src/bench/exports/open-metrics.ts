/** OpenMetrics text, for the textfile collector of node_exporter and for push gateways. Pure. */
import { printableLine } from '../../model/text/printable.js';
import type { BenchDocument } from '../document.js';
import type { Figure } from '../figures.js';
import { figures } from '../figures.js';
import { unitOf } from '../units.js';
import { kebab, summarized } from './summary.js';

interface Family {
  readonly name: string;
  /** the end of the name, if it has a unit */
  readonly unit?: string;
  readonly divisor: number;
}

/** Times in seconds, sizes in bytes, as the format wants it. */
function familyOf({ key }: Figure): Family {
  const snake = `drover_bench_${kebab(key).replaceAll('-', '_')}`;
  const divisor = { ms: 1e3, µs: 1e6 }[unitOf(key)];
  if (divisor !== undefined) {
    return { name: snake.replace(/_[mu]s$/, '_seconds'), unit: 'seconds', divisor };
  }
  if (unitOf(key) === 'B') return { name: snake, unit: 'bytes', divisor: 1 };
  return { name: snake, divisor: 1 };
}

const label = (name: string, text: string): string =>
  `${name}="${printableLine(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

export function openMetrics(document: BenchDocument): string {
  const versions = new Map(document.sides.map(({ label: side, qemu }) => [side, qemu.version]));
  const all = summarized(document);
  const common = (scenario: string, accel: string): string[] => [
    label('scenario', scenario),
    label('accel', accel),
    label('host', document.host.hostname),
  ];
  const families = figures.flatMap((figure) => {
    const { name, unit, divisor } = familyOf(figure);
    const lines = all
      .filter((each) => each.figure === figure)
      .flatMap(({ result, label: side, median, low, high }) => {
        const own = [
          ...common(result.scenario.name, result.accel),
          label('side', side),
          label('qemu', versions.get(side) ?? ''),
        ];
        return Object.entries({ median, low, high }).flatMap(([statistic, value]) =>
          value === undefined
            ? []
            : [`${name}{${[...own, label('statistic', statistic)].join(',')}} ${value / divisor}`],
        );
      });
    if (lines.length === 0) return [];
    return [
      `# TYPE ${name} gauge`,
      ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
      `# HELP ${name} ${printableLine(figure.name)}: median of the samples and its interval of 95 %`,
      ...lines,
    ];
  });
  const counts = document.scenarios.flatMap(({ scenario, accel, samples }) =>
    document.sides.flatMap(({ label: side }) => {
      const own = samples.filter((sample) => sample.label === side);
      const failed = own.filter(({ failure }) => failure !== undefined).length;
      const labels = [...common(scenario.name, accel), label('side', side)];
      return [
        `drover_bench_samples{${[...labels, label('result', 'passed')].join(',')}} ${own.length - failed}`,
        `drover_bench_samples{${[...labels, label('result', 'failed')].join(',')}} ${failed}`,
      ];
    }),
  );
  return [
    ...families,
    '# TYPE drover_bench_samples gauge',
    '# HELP drover_bench_samples migrations by result',
    ...counts,
    '# TYPE drover_bench_begun_seconds gauge',
    '# UNIT drover_bench_begun_seconds seconds',
    '# HELP drover_bench_begun_seconds when the benchmark began, since 1970',
    `drover_bench_begun_seconds{${label('host', document.host.hostname)}} ${Date.parse(document.time) / 1000}`,
    '# EOF',
    '',
  ].join('\n');
}
