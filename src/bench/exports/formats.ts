/** The formats of --export, one row each. */
import type { BenchDocument } from '../document.js';
import { goBenchmark } from './go-benchmark.js';
import { bencherMetrics, githubActionBenchmark } from './json-formats.js';
import { openMetrics } from './open-metrics.js';

export const exportFormats = {
  benchstat: goBenchmark,
  bencher: bencherMetrics,
  'github-action': githubActionBenchmark,
  openmetrics: openMetrics,
} as const satisfies Readonly<Record<string, (document: BenchDocument) => string>>;

export type ExportFormat = keyof typeof exportFormats;
