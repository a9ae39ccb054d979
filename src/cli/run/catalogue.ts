/** All tests a command knows: Drover's own, and those the user brings with `--tests`. */
import type { Arch } from '../../model/arch.js';
import { allTests, findTest } from '../../suite/registry.js';
import type { TestDefinition } from '../../suite/definition.js';
import type { OwnTestsOption, PathOptions } from '../options/options.js';

export interface Catalogue {
  readonly all: readonly TestDefinition[];
  /** the tests if no option names any: the user's own if there are some */
  readonly usual: readonly TestDefinition[];
  /** the module that defines it; undefined for Drover's own */
  readonly fileOf: (test: TestDefinition) => string | undefined;
}

/**
 * @param arch and
 * @param p    a path may name a combined fault or a generated test, which no list has
 */
export async function loadCatalogue(
  options: OwnTestsOption & Partial<Pick<PathOptions, 'p'>>,
  arch?: Arch,
): Promise<Catalogue> {
  return withNamed(await knownTests(options), options.p ?? [], arch);
}

/** With the tests that these names alone say all of. */
export function withNamed(known: Catalogue, names: readonly string[], arch?: Arch): Catalogue {
  const paths = names.map((path) => path.replace(`/${arch ?? ''}/`, '/'));
  const extra = [...new Set(paths)].flatMap((path) =>
    known.all.some((test) => test.path === path) ? [] : (findTest(path) ?? []),
  );
  if (extra.length === 0) return known;
  return { ...known, all: [...known.all, ...extra], usual: [...known.usual, ...extra] };
}

async function knownTests({ tests: given }: OwnTestsOption): Promise<Catalogue> {
  if (given.length === 0) return { all: allTests, usual: allTests, fileOf: () => undefined };
  const { loadUserTests } = await import('../../suite/user-tests.js');
  const own = await loadUserTests(given, allTests);
  const files = new Map(own.map(({ definition, file }) => [definition, file]));
  const usual = own.map(({ definition }) => definition);
  return { all: [...allTests, ...usual], usual, fileOf: (test) => files.get(test) };
}
