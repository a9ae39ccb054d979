/** Samples and documents of benchmarks for tests. */
import { drawing } from '../model/drawing.fixtures.js';
import { builtInScenarios } from './built-in.js';
import { comparePairs } from './compare.js';
import { benchVersion, confidence } from './document.js';
import type { BenchDocument, BenchSide, Sample } from './document.js';
import { resolveScenario } from './scenario.js';

export interface Made {
  readonly seed: number;
  readonly pairs: number;
  /** B takes this times what A takes */
  readonly ratio: number;
  /** standard deviation of the logarithm of each sample, roughly */
  readonly noise: number;
}

/** Pairs of samples of which the true difference is known. */
export function madeSamples({ seed, pairs, ratio, noise }: Made): Sample[] {
  const draw = drawing(seed);
  // the sum of 12 even ones is nearly normal, with a deviation of 1
  const normal = (): number =>
    Array.from({ length: 12 }, () => draw(1e6) / 1e6).reduce((a, b) => a + b) - 6;
  const ms = (mean: number): number => mean * Math.exp(noise * normal());
  return Array.from({ length: pairs }, (_, index) => index + 1).flatMap((pair): Sample[] => [
    { label: 'A', pair, measured: { totalMs: ms(400), stopToResumeMs: ms(30), isForced: false } },
    {
      label: 'B',
      pair,
      measured: { totalMs: ms(400) * ratio, stopToResumeMs: ms(30), isForced: false },
    },
  ]);
}

const qemu = {
  command: 'qemu-system-x86_64',
  version: '10.0.2',
  package: 'Debian 1:10.0.2+ds-2',
  arch: 'x86_64',
};

/** One scenario as `samples` say, and one that was skipped. */
export function madeDocument(samples: readonly Sample[]): BenchDocument {
  const [comparisons = []] = comparePairs([samples], 0.05);
  const labels = [...new Set(samples.map(({ label }) => label))].sort();
  const machine = 'pc-q35-10.0';
  const common = { machine, accel: 'tcg', isPartial: false } as const;
  return {
    version: benchVersion,
    drover: '0.1.0',
    time: '2026-11-29T20:00:00.000Z',
    host: {
      hostname: 'host',
      kernel: '6.12.1',
      cpu: 'a processor',
      cores: 4,
      memoryBytes: 2 ** 34,
      node: 'v20.19.0',
    },
    hostState: { load: 0.1, steal: 0 },
    warnings: [],
    seed: 7,
    pairs: 12,
    threshold: 0.05,
    confidence,
    isSelfTest: false,
    isPartial: false,
    sides: labels.map((label): BenchSide => ({
      label,
      qemu,
      parameters: label === 'B' ? { 'max-bandwidth': 180_000_000 } : {},
    })),
    scenarios: [
      {
        ...common,
        scenario: builtInScenarios[0] ?? resolveScenario({ migration: { transport: 'unix' } }, ''),
        samples,
        comparisons,
      },
      {
        ...common,
        scenario: resolveScenario({ migration: { transport: 'mapped-ram' } }, ''),
        skipped: 'QEMU 7.2.22 has no capability mapped-ram (needs 9.0)',
        samples: [],
        comparisons: [],
      },
    ],
  };
}
