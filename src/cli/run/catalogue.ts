/** All tests a command knows: Drover's own, and those the user brings with `--tests`. */
import { allTests } from '../../suite/registry.js';
import type { TestDefinition } from '../../suite/definition.js';
import type { OwnTestsOption } from '../options/options.js';

export interface Catalogue {
  readonly all: readonly TestDefinition[];
  /** the tests if no option names any: the user's own if there are some */
  readonly usual: readonly TestDefinition[];
  /** the module that defines it; undefined for Drover's own */
  readonly fileOf: (test: TestDefinition) => string | undefined;
}

export async function loadCatalogue({ tests: given }: OwnTestsOption): Promise<Catalogue> {
  if (given.length === 0) return { all: allTests, usual: allTests, fileOf: () => undefined };
  const { loadUserTests } = await import('../../suite/user-tests.js');
  const own = await loadUserTests(given, allTests);
  const files = new Map(own.map(({ definition, file }) => [definition, file]));
  const usual = own.map(({ definition }) => definition);
  return { all: [...allTests, ...usual], usual, fileOf: (test) => files.get(test) };
}
