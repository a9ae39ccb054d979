/** How much of the damage each check and each level of checks found. Pure. */
import { checkNames, isFoundAt } from './findings.js';
import type { CheckLevel, CheckName, Fate, MutantResult } from './findings.js';

export interface Share {
  readonly found: number;
  /** mutants that could be found: neither equivalent nor broken */
  readonly of: number;
}

export interface Score {
  readonly levels: Readonly<Record<CheckLevel, Share>>;
  readonly fates: Readonly<Record<Fate, number>>;
}

export function scoreOf(results: readonly MutantResult[]): Score {
  const able = results.filter(isAble);
  const share = (level: CheckLevel): Share => ({
    found: able.filter((result) => isFoundAt(result, level)).length,
    of: able.length,
  });
  const count = (wanted: Fate): number => results.filter(({ fate }) => fate === wanted).length;
  return {
    levels: { stamps: share('stamps'), exact: share('exact'), both: share('both') },
    fates: {
      killed: count('killed'),
      refused: count('refused'),
      equivalent: count('equivalent'),
      survived: count('survived'),
      broken: count('broken'),
    },
  };
}

const isAble = ({ fate }: MutantResult): boolean => fate !== 'equivalent' && fate !== 'broken';

/** One row of the matrix: a damage in a region, whatever the recording. */
export interface MatrixRow {
  readonly region: MutantResult['region'];
  readonly damage: MutantResult['damage'];
  readonly able: number;
  readonly equivalent: number;
  readonly found: Readonly<Record<CheckName, number>>;
  /** of those that `ram` or `state` found: that these named, and nothing else */
  readonly named: number;
  readonly survived: number;
}

/** In the order in which the results first have them. */
export function matrixOf(results: readonly MutantResult[]): MatrixRow[] {
  const rows = new Map<string, MutantResult[]>();
  for (const result of results) {
    const key = `${result.region} ${result.damage}`;
    const row = rows.get(key);
    if (row === undefined) rows.set(key, [result]);
    else row.push(result);
  }
  return [...rows.values()].map(rowOf);
}

function rowOf(results: readonly MutantResult[]): MatrixRow {
  const [{ region, damage } = { region: 'other', damage: 'flip' } as const] = results;
  const able = results.filter(isAble);
  const by = (name: CheckName): number =>
    able.filter(({ findings }) => findings.some(({ check }) => check === name)).length;
  const [qemu, ram, state, guest, stamps] = checkNames.map(by);
  return {
    ...{ region, damage, able: able.length },
    equivalent: results.filter(({ fate }) => fate === 'equivalent').length,
    found: {
      ...{ qemu: qemu ?? 0, ram: ram ?? 0, state: state ?? 0 },
      ...{ guest: guest ?? 0, stamps: stamps ?? 0 },
    },
    named: able.filter(({ findings }) =>
      findings.some(({ check, named }) => named && (check === 'ram' || check === 'state')),
    ).length,
    survived: results.filter(({ fate }) => fate === 'survived').length,
  };
}

/** Those that a level of checks does not find although another one does. */
export function missedAt(results: readonly MutantResult[], level: CheckLevel): MutantResult[] {
  return results.filter((result) => isAble(result) && !isFoundAt(result, level));
}
