/** The score of the checks as lines for the console. Pure. */
import { counted } from '../model/text/format.js';
import { printableLine } from '../model/text/printable.js';
import type { ProveDocument } from './document.js';
import { checkLevels, checkNames, levelNames } from './findings.js';
import type { MutantResult } from './findings.js';
import { matrixOf, missedAt } from './score.js';
import type { MatrixRow, Share } from './score.js';

/** those that a level misses, each by its own text */
const mostListed = 20;

const share = ({ found, of }: Share): string =>
  `${found} of ${of}${of === 0 ? '' : `, ${((100 * found) / of).toFixed(1)} %`}`;

const head = ['region', 'damage', ...checkNames, 'named', 'survived', 'equivalent'];

function cellsOf({
  region,
  damage,
  able,
  found,
  named,
  survived,
  equivalent,
}: MatrixRow): string[] {
  const of = (count: number): string => `${count}/${able}`;
  return [
    ...[region, damage],
    ...checkNames.map((name) => of(found[name])),
    ...[of(named), String(survived), String(equivalent)],
  ];
}

/** Damage by region, and how many of the mutants each check found. */
export function matrixLines(results: readonly MutantResult[]): string[] {
  const table = [head, ...matrixOf(results).map(cellsOf)];
  const widths = head.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table.map((row) =>
    row
      .map((cell, column) =>
        column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}

export const mutantText = ({ recording, region, damage, text }: MutantResult): string =>
  printableLine(`${recording}, ${region}, ${damage}: ${text}`);

export function scoreLines({ results, score }: ProveDocument): string[] {
  const { fates, levels } = score;
  return [
    `${counted(results.length, 'mutant')}: ${fates.killed} killed, ${fates.refused} refused by QEMU, ${fates.equivalent} equivalent, ${fates.survived} survived, ${fates.broken} broken`,
    ...levelNames.map(
      (level) =>
        `--arrival ${level.padEnd(6)}  ${share(levels[level])}  (${checkLevels[level].join(', ')})`,
    ),
  ];
}

/** What no check found, and what only the comparison of both sides found. */
export function missedLines(results: readonly MutantResult[]): string[] {
  const survivors = results.filter(({ fate }) => fate === 'survived');
  const broken = results.filter(({ fate }) => fate === 'broken');
  const byStamps = missedAt(results, 'stamps').filter(({ fate }) => fate !== 'survived');
  return [
    ...listed('no check found', survivors),
    ...listed('only the comparison of both sides found (--arrival exact or both)', byStamps),
    ...broken.map((result) => `broken: ${mutantText(result)}: ${result.reason ?? ''}`),
  ];
}

function listed(what: string, results: readonly MutantResult[]): string[] {
  if (results.length === 0) return [];
  const more = results.length - mostListed;
  return [
    `${what}: ${results.length}`,
    ...results
      .slice(0, mostListed)
      .flatMap(({ reason, ...result }) => [
        `  ${mutantText(result)}`,
        ...(reason === undefined ? [] : [`    ${printableLine(reason)}`]),
      ]),
    ...(more > 0 ? [`  and ${counted(more, 'more mutant')}`] : []),
  ];
}
