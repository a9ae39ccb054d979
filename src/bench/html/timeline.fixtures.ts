/** Timelines and whole benchmarks with everything in them, for tests of the page. */
import { drawing } from '../../model/drawing.fixtures.js';
import type { Timeline } from '../../model/measured.js';
import { madeDocument, madeSamples } from '../bench.fixtures.js';
import { comparePairs } from '../compare.js';
import type { BenchDocument, Sample, ScenarioResult } from '../document.js';
import { resolveScenario } from '../scenario.js';
import type { ScenarioInput } from '../../suite/scenario-input.js';

/** would be markup, end a style or a script, turn the direction of writing, or drive a terminal */
export const hostile = `<img src=x onerror=alert(1)></style></script><!-- "'&\u202e\u001b[31m`;

/** Three passes over 256 MiB, the switchover, and with postcopy what comes after it. */
export function madeTimeline(seed: number, isPostcopy: boolean): Timeline {
  const draw = drawing(seed);
  const noisy = (value: number): number => value * (0.9 + draw(2000) / 1e4);
  const stopMs = 900 + draw(100);
  const resumeMs = stopMs + 20 + draw(15);
  const endMs = isPostcopy ? resumeMs + 300 : resumeMs + 10;
  const ends = [0, 520, 780, stopMs];
  const progress = Array.from({ length: 80 }, (_, index) => (index * endMs) / 79).map((atMs) => {
    const pass = Math.max(
      0,
      ends.findLastIndex((each) => each <= atMs),
    );
    const from = ends[pass] ?? 0;
    const to = ends[pass + 1] ?? endMs;
    const size = [268e6, 90e6, 40e6, 12e6][pass] ?? 0;
    return {
      atMs,
      remainingBytes: Math.max(0, size * (1 - (atMs - from) / Math.max(1, to - from))),
      transferredBytes: atMs * 4e5,
      dirtyPagesPerSecond: pass === 0 ? undefined : noisy(42_000),
      megabitsPerSecond: atMs < 50 ? undefined : noisy(3300),
      throttlePercent: pass < 2 ? 0 : 20,
    };
  });
  const binMs = 10;
  return {
    marks: [
      ...ends.slice(0, 3).map((atMs, index) => ({
        atMs,
        name: `iteration ${index + 1}`,
        side: 'source' as const,
      })),
      { atMs: stopMs, name: 'STOP', side: 'source' },
      ...(isPostcopy
        ? [{ atMs: stopMs + 5, name: 'postcopy-active', side: 'source' as const }]
        : []),
      { atMs: resumeMs, name: 'RESUME', side: 'destination' },
      { atMs: endMs, name: 'completed', side: 'source' },
    ],
    progress,
    guestSpeed: {
      fromMs: -100,
      binMs,
      pages: Array.from({ length: Math.ceil((endMs + 150) / binMs) }, (_, index) => {
        const atMs = -100 + index * binMs;
        if (atMs > stopMs - binMs && atMs < resumeMs) return 0;
        return Math.round(noisy(isPostcopy && atMs >= resumeMs ? 200 : 500));
      }),
    },
    processor: (['source', 'destination'] as const).flatMap((side) =>
      ['vCPU', 'main', side === 'source' ? 'migration' : 'multifd receive'].map((threads) => ({
        side,
        threads,
        ms: noisy(threads === 'vCPU' ? 700 : 120),
      })),
    ),
    downtimeParts: [
      ...[
        ['stop the processors', 1.4],
        ['save memory', 8.3],
        ['save devices', 3.1],
      ].map(([name, ms]) => ({
        side: 'source' as const,
        name: String(name),
        kind: 'step' as const,
        ms: Number(ms),
      })),
      ...[
        ['load devices', 5.2],
        ['announce, start', 1.9],
      ].map(([name, ms]) => ({
        side: 'destination' as const,
        name: String(name),
        kind: 'step' as const,
        ms: Number(ms),
      })),
      ...Array.from({ length: 14 }, (_, index) => ({
        side: 'destination' as const,
        name: `0000:00:0${index}.0/virtio-net`,
        kind: 'device' as const,
        ms: noisy(2 / (index + 1)),
      })),
    ],
    faultLatency: isPostcopy
      ? [0, 0, 3, 20, 90, 210, 480, 320, 160, 40, 12, 3, 0, 1].map((each) =>
          Math.round(noisy(each)),
        )
      : undefined,
  };
}

export interface MadePage {
  /** migration of each scenario */
  readonly migrations: readonly ScenarioInput['migration'][];
  readonly pairs: number;
  readonly hasTimelines?: boolean;
}

/** Scenarios with all figures, timelines, failures and text that would be markup. */
export function madePage({ migrations, pairs, hasTimelines = true }: MadePage): BenchDocument {
  const all = migrations.map((migration, index): readonly Sample[] =>
    madeSamples({ seed: index + 1, pairs, ratio: 0.85 + 0.12 * index, noise: 0.08 }).map(
      (sample, at): Sample => {
        const { label, pair, measured } = sample;
        if (pair === 2 && label === 'B') {
          const failure = { kind: 'failed', code: 'memory-damaged', message: hostile } as const;
          return { label, pair, failure: { ...failure, directory: `/kept/${hostile}` } };
        }
        const isPostcopy = migration.transport.startsWith('postcopy');
        const totalMs = (measured?.totalMs ?? 0) / (migration.channels ?? 1);
        return {
          label,
          pair,
          measured: {
            ...measured,
            totalMs,
            qemuDowntimeMs: 20 + (at % 7),
            setupMs: 2,
            transferredBytes: 420e6 + 1e6 * (at % 5),
            sentBeforeBytes: 30e6,
            iterations: 3 + (at % 2),
            megabitsPerSecond: (390e6 * 8) / 1e3 / totalMs,
            sourceProcessorMs: 900 + 10 * (at % 6) + 80 * (migration.channels ?? 0),
            destinationProcessorMs: 500 + 10 * (at % 4),
          },
          timeline: hasTimelines ? madeTimeline(100 * index + at, isPostcopy) : undefined,
        };
      },
    ),
  );
  const comparisons = comparePairs(all, 0.05);
  const base = madeDocument([]);
  return {
    ...base,
    rerun: `drover bench --scenario '${hostile}'`,
    warnings: [`the frequency governor is ${hostile}`],
    pairs,
    isPartial: true,
    sides: (['A', 'B'] as const).map((label) => ({
      label,
      qemu: { command: `/${hostile}`, version: '10.0.2', package: hostile, arch: 'x86_64' },
      parameters: { 'tls-creds': hostile },
    })),
    scenarios: [
      ...migrations.map((migration, index): ScenarioResult => {
        const scenario = resolveScenario({ migration }, '');
        return {
          scenario: index === 0 ? { ...scenario, name: `${scenario.name},${hostile}` } : scenario,
          machine: 'pc-q35-10.0',
          accel: 'kvm',
          isPartial: true,
          samples: all[index] ?? [],
          comparisons: comparisons[index] ?? [],
        };
      }),
      ...base.scenarios.slice(1),
    ],
  };
}
