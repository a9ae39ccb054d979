/**
 * Which migration features of a QEMU the tests of a run exercised, and which not: from the features
 * in `run-started` and those of each passed test.
 */
import { coverageKinds } from '../../model/coverage.js';
import type { CoverageItem, CoverageKind } from '../../model/coverage.js';
import type { QemuIdentity } from '../../model/events.js';
import { counted } from '../../model/text/format.js';
import type { Paint } from '../console/colors.js';
import { printableLine } from '../../model/text/printable.js';
import type { RunRecord } from '../fold/summary.js';
import { pairCoverageOf, pairLines } from './pair-coverage.js';
import type { PairCoverage } from './pair-coverage.js';

export interface CoveredFeature {
  readonly kind: CoverageKind;
  readonly name: string;
  /** passed tests that exercised it, sorted */
  readonly tests: readonly string[];
  /** if no test exercised it: skipped tests that seem to be for it, and the reasons */
  readonly skipped?: Readonly<Record<string, string>>;
}

export interface Coverage {
  readonly source: QemuIdentity | undefined;
  readonly destination: QemuIdentity | undefined;
  readonly passed: number;
  /** in the order of the QEMU's introspection */
  readonly features: readonly CoveredFeature[];
  /** of values of two factors; absent where no test had any */
  readonly pairs?: PairCoverage | undefined;
}

export function coverageOf(record: RunRecord): Coverage {
  const { started, tests } = record;
  const byItem = new Map<CoverageItem, Set<string>>();
  for (const item of started?.offered ?? []) byItem.set(item, new Set());
  const skipped = new Map<string, string>();
  const passed = new Set<string>();
  for (const { test, outcome, exercised } of tests) {
    if (outcome.kind === 'skipped') skipped.set(test, outcome.reason);
    if (outcome.kind !== 'passed') continue;
    passed.add(test);
    for (const item of exercised ?? []) byItem.get(item)?.add(test);
  }
  const features = [...byItem].map(([item, found]): CoveredFeature => {
    const space = item.indexOf(' ');
    const kind = item.slice(0, space) as CoverageKind;
    const name = item.slice(space + 1);
    const meant = found.size > 0 ? {} : meantFor(name, skipped);
    const skippedFor = Object.keys(meant).length === 0 ? undefined : meant;
    return { kind, name, tests: [...found].sort(), skipped: skippedFor };
  });
  const { source, destination } = started ?? {};
  const pairs = pairCoverageOf(record);
  return { source, destination, passed: passed.size, features, pairs };
}

/** words in test names that say nothing about a test's subject */
const ordinary = new Set(
  'migration precopy postcopy multifd tcp unix file fd plain ipv6'.split(' '),
);

/**
 * Skipped tests with the feature, or a word of it, in their name, or with the feature in the
 * reason.
 */
function meantFor(name: string, skipped: ReadonlyMap<string, string>): Record<string, string> {
  const feature = name.slice(name.indexOf('=') + 1);
  const words = new Set(feature.split('-'));
  const pattern = new RegExp(`(^|[^\\w-])${feature.replaceAll(/[^\w-]/g, '.')}($|[^\\w-])`);
  return Object.fromEntries(
    [...skipped].filter(([test, reason]) => {
      const parts = test.replaceAll('_', '-').split('/').slice(2);
      const telling = parts.filter((part) => !ordinary.has(part));
      return (
        pattern.test(reason) ||
        telling.some(
          (part) =>
            part.includes(feature) ||
            (feature.includes(part) && words.has(part.split('-')[0] ?? '')),
        )
      );
    }),
  );
}

const titles: Readonly<Record<CoverageKind, string>> = {
  capability: 'capabilities',
  parameter: 'parameters',
  value: 'values of parameters',
  transport: 'transports',
  channel: 'kinds of channels',
};

const testsShown = 3;

export function coverageLines(coverage: Coverage, paint: Paint): string[] {
  const { features, passed } = coverage;
  const width = Math.max(0, ...features.map(({ name }) => name.length));
  const lines = ['', paint.strong(`coverage by ${counted(passed, 'passed test')}`)];
  for (const kind of coverageKinds) {
    const ofKind = features.filter((feature) => feature.kind === kind);
    const done = ofKind.filter(({ tests }) => tests.length > 0);
    if (ofKind.length === 0) continue;
    lines.push('', `${titles[kind]}: ${done.length} of ${ofKind.length} exercised`);
    for (const { name, tests } of done) {
      const hidden = tests.length - testsShown;
      const shown = tests.slice(0, testsShown).map(shortName).join(', ');
      const more = hidden > 0 ? ` and ${counted(hidden, 'other')}` : '';
      lines.push(`  ${name.padEnd(width)}  ${printableLine(shown)}${more}`);
    }
  }
  const untested = features.filter(({ tests }) => tests.length === 0);
  lines.push('', paint.warning(`untested: ${untested.length} of ${features.length}`));
  for (const { kind, name, skipped = {} } of untested) {
    lines.push(`  ${kind} ${name}`);
    for (const [test, reason] of Object.entries(skipped).slice(0, testsShown)) {
      lines.push(`    skipped here: ${printableLine(`${shortName(test)}: ${reason}`)}`);
    }
  }
  return [...lines, ...pairLines(coverage.pairs)];
}

/** without the common prefix */
function shortName(test: string): string {
  return test.replace(/^\/[^/]+\/migration\//, '');
}

const coverageVersion = 1;

/** The pieces joined are one JSON document. */
export function* coverageJsonPieces(coverage: Coverage): Generator<string> {
  yield `${JSON.stringify({ version: coverageVersion, ...coverage }, null, 2)}\n`;
}
