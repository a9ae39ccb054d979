/** `/metrics` of the board in the text format of OpenMetrics 1.0. Pure. */
import type { LiveState } from './live-run.js';
import type { StoredRun } from './run-store.js';

export const openMetricsType = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

export interface MeasuredRun {
  readonly run: StoredRun;
  readonly state: LiveState;
}

interface Family {
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  readonly unit?: string;
  readonly help: string;
  readonly samples: readonly (readonly [Readonly<Record<string, string>>, number])[];
}

/** @param unfinished runs without an end; they alone have samples of their own */
export function metricsText(
  runs: readonly StoredRun[],
  unfinished: readonly MeasuredRun[],
): string {
  const of = ({ run }: MeasuredRun): Record<string, string> => ({ run: run.name });
  const last = unfinished.flatMap((each) => {
    const round = each.state.rounds.at(-1);
    return round === undefined ? [] : [{ of: of(each), round }];
  });
  const ended = runs.flatMap(({ finished }) => finished ?? []);
  const families: Family[] = [
    {
      name: 'drover_runs',
      type: 'gauge',
      help: 'Runs in the results folder, by exit code.',
      samples: [
        ...[0, 1, 2, 3, 130].map(
          (code) =>
            [
              { exit_code: String(code) },
              ended.filter(({ exitCode }) => exitCode === code).length,
            ] as const,
        ),
        [{ exit_code: 'none' }, runs.length - ended.length],
      ],
    },
    {
      name: 'drover_run_attempts',
      type: 'counter',
      help: 'Attempts that ended in a run without an end, by outcome.',
      samples: unfinished.flatMap((each) =>
        Object.entries(each.state.counts).map(
          ([outcome, count]) => [{ ...of(each), outcome }, count] as const,
        ),
      ),
    },
    {
      name: 'drover_run_active_tests',
      type: 'gauge',
      help: 'Tests that run now.',
      samples: unfinished.map((each) => [of(each), each.state.running.length]),
    },
    {
      name: 'drover_run_last_event_timestamp_seconds',
      type: 'gauge',
      unit: 'seconds',
      help: 'When the log of a run without an end last changed.',
      samples: unfinished.map((each) => [of(each), each.run.changedMs / 1000]),
    },
    {
      name: 'drover_round_migration_seconds',
      type: 'gauge',
      unit: 'seconds',
      help: 'Time of the migration in the last round of a stress run.',
      samples: last.map(({ of: labels, round }) => [labels, round.migrationMs / 1000]),
    },
    {
      name: 'drover_round_downtime_seconds',
      type: 'gauge',
      unit: 'seconds',
      help: 'Downtime that QEMU reported for the last round of a stress run.',
      samples: last.flatMap(({ of: labels, round }) =>
        round.downtimeMs === undefined ? [] : [[labels, round.downtimeMs / 1000] as const],
      ),
    },
  ];
  return `${families.map(familyText).join('')}# EOF\n`;
}

function familyText({ name, type, unit, help, samples }: Family): string {
  const suffix = type === 'counter' ? '_total' : '';
  const head = [
    `# TYPE ${name} ${type}`,
    ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
    `# HELP ${name} ${help}`,
  ];
  const lines = samples.map(([labels, value]) => {
    const inner = Object.entries(labels).map(([key, text]) => `${key}="${quoted(text)}"`);
    return `${name}${suffix}{${inner.join(',')}} ${String(value)}`;
  });
  return [...head, ...lines].map((line) => `${line}\n`).join('');
}

const quoted = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
