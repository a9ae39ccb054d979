/**
 * Selects the tests of a run. The filters are those of GLib, as in upstream's test: `-p` and `-s`
 * name a test or a group with its direct children, `-r` and `-x` a whole subtree. A path may be
 * whole (/x86_64/migration/precopy/unix/plain), without the architecture, or from below /migration.
 */
import { distance } from 'fastest-levenshtein';
import type { Arch } from '../model/arch.js';
import type { HarnessError } from '../model/errors.js';
import { usageError } from '../model/errors.js';
import { levels } from './definition.js';
import type { Level, TestDefinition } from './definition.js';

export interface Selection {
  readonly level: Level;
  /** above level smoke, run the tests of level flaky too */
  readonly flaky?: boolean;
  readonly paths: readonly string[];
  readonly prefixes: readonly string[];
  readonly skipPaths: readonly string[];
  readonly skipPrefixes: readonly string[];
}

/** path with the architecture */
export function fullPath(arch: Arch, test: Pick<TestDefinition, 'path'>): string {
  return `/${arch}${test.path}`;
}

/**
 * The tests that the filters leave, in the order of definition. Paths select tests of every level,
 * prefixes and no filter those up to the level.
 * @throws HarnessError `no-such-test` if a path or prefix names no test
 */
export function selectTests(
  tests: readonly TestDefinition[],
  selection: Selection,
  arch: Arch,
): TestDefinition[] {
  const { paths, prefixes, skipPaths, skipPrefixes } = selection;
  const require = (given: string, match: Match): void => {
    if (!tests.some((test) => match(test.path, given, arch))) throw noSuchTest(given, tests, arch);
  };
  for (const given of [...paths, ...skipPaths]) require(given, namesTestOrGroup);
  for (const given of [...prefixes, ...skipPrefixes]) require(given, namesSubtree);

  const filtered = paths.length + prefixes.length > 0;
  return tests.filter((test) => {
    const named = paths.some((given) => namesTestOrGroup(test.path, given, arch));
    const below = prefixes.some((given) => namesSubtree(test.path, given, arch));
    const inLevel = withinLevel(test.level, selection.level) || isFlakyWanted(test, selection);
    const wanted = named || (inLevel && (below || !filtered));
    return (
      wanted &&
      !skipPaths.some((given) => namesTestOrGroup(test.path, given, arch)) &&
      !skipPrefixes.some((given) => namesSubtree(test.path, given, arch))
    );
  });
}

function isFlakyWanted({ level }: TestDefinition, selection: Selection): boolean {
  return level === 'flaky' && selection.flaky === true && selection.level !== 'smoke';
}

function withinLevel(level: Level, limit: Level): boolean {
  return levels.indexOf(level) <= levels.indexOf(limit);
}

type Match = (path: string, given: string, arch: Arch) => boolean;

/** the paths that a user may mean, without the architecture */
function spellings(given: string, arch: Arch): string[] {
  const path = `/${given.replace(/^\/+|\/+$/g, '')}`;
  const below = path.startsWith(`/${arch}/`) ? path.slice(arch.length + 1) : path;
  return below === `/${arch}` ? [''] : [below, `/migration${below}`];
}

const namesTestOrGroup: Match = (path, given, arch) =>
  spellings(given, arch).some(
    (name) => path === name || path.slice(0, path.lastIndexOf('/')) === name,
  );

const namesSubtree: Match = (path, given, arch) =>
  spellings(given, arch).some((name) => path === name || path.startsWith(`${name}/`));

/** The test that a path names, in any of its forms. */
export function findByName(
  tests: readonly TestDefinition[],
  given: string,
  arch: Arch,
): TestDefinition | undefined {
  const names = spellings(given, arch);
  return tests.find(({ path }) => names.includes(path));
}

function noSuchTest(given: string, tests: readonly TestDefinition[], arch: Arch): HarnessError {
  const wanted = spellings(given, arch);
  const score = (path: string): number =>
    Math.min(...wanted.map((name) => distance(name, path) - (path.includes(name) ? 20 : 0)));
  const near = tests
    .map((test) => ({ path: test.path, score: score(test.path) }))
    .filter((each) => each.score <= given.length / 3)
    .sort((a, b) => a.score - b.score)
    .slice(0, 3)
    .map(({ path }) => `/${arch}${path}`);
  const hint = near.length === 0 ? '' : `; near it: ${near.join(', ')}`;
  return usageError(
    'no-such-test',
    `no test or group of tests is called '${given}'${hint} ('drover list' shows all)`,
  );
}
