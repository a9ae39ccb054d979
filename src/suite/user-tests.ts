/**
 * A user's own tests (`--tests`): modules whose `default` or `tests` export is an array of
 * definitions. The main thread loads them for their data, a worker to run them.
 */
import type { HarnessError } from '../model/errors.js';
import { usageError } from '../model/errors.js';
import { definitionFaults } from './check-definition.js';
import type { TestDefinition } from './definition.js';
import { userFiles } from './user-files.js';
import type { UserFile } from './user-files.js';
import { importModule } from './import-module.js';

export interface UserTest {
  readonly definition: TestDefinition;
  /** absolute path of its module */
  readonly file: string;
}

/** where an export is, for messages: `file: default[2]` */
interface Place {
  readonly file: string;
  readonly text: string;
}

const exportNames = ['default', 'tests'] as const;

/**
 * All tests of the given files and folders, in order.
 * @throws HarnessError `tests-path`, `tests-typescript`, `tests-import`, `tests-empty`, `bad-test`,
 * `duplicate-test`
 */
export async function loadUserTests(
  given: readonly string[],
  builtIn: readonly TestDefinition[],
): Promise<UserTest[]> {
  const places = new Map<string, string>(builtIn.map(({ path }) => [path, 'Drover itself']));
  const tests: UserTest[] = [];
  for (const file of userFiles(given)) {
    for (const { definition, place } of await definitionsIn(file)) {
      const before = places.get(definition.path);
      if (before !== undefined) throw duplicate(definition.path, place, before);
      places.set(definition.path, place.text);
      tests.push({ definition, file: place.file });
    }
  }
  if (tests.length > 0) return tests;
  throw usageError(
    'tests-empty',
    `--tests: no test in ${given.map((each) => `'${each}'`).join(', ')}: expected modules with an array of test definitions as the default export, or as one named 'tests'`,
  );
}

/** One test of a module, for the worker that runs it. */
export async function loadUserTest(file: string, path: string): Promise<TestDefinition> {
  // There may be thousands: check only this one.
  const [found] = await definitionsIn({ file, found: false }, path);
  if (found !== undefined) return found.definition;
  throw usageError(
    'tests-import',
    `--tests: ${file} had a test ${path} when the run was planned, and has none when it is loaded again`,
  );
}

/** @param path default: all */
async function definitionsIn(
  from: UserFile,
  path?: string,
): Promise<{ readonly definition: TestDefinition; readonly place: Place }[]> {
  const { file } = from;
  const module = await importModule(file, '--tests');
  const lists = new Map<unknown, string>();
  for (const name of exportNames) {
    if (name in module && !lists.has(module[name])) lists.set(module[name], name);
  }
  if (lists.size === 0 && from.found) return [];
  if (lists.size === 0) throw badExport(file, 'default', 'no such export, nor one named tests');
  return [...lists].flatMap(([list, name]) => {
    if (!Array.isArray(list)) {
      throw badExport(file, name, `expected an array of test definitions, not ${typeof list}`);
    }
    return list.flatMap((value: unknown, index) => {
      if (path !== undefined && !isCalled(value, path)) return [];
      const place = { file, text: `${file}: ${name}[${index}]` };
      return [{ definition: checked(value, place), place }];
    });
  });
}

function isCalled(value: unknown, path: string): boolean {
  return typeof value === 'object' && value !== null && 'path' in value && value.path === path;
}

function checked(value: unknown, { text }: Place): TestDefinition {
  const faults = definitionFaults(value);
  if (faults.length === 0) return value as TestDefinition;
  const path = typeof value === 'object' && value !== null && 'path' in value ? value.path : '';
  const which = typeof path === 'string' && path !== '' ? ` (${path})` : '';
  throw usageError('bad-test', `--tests: ${text}${which}: ${faults[0] ?? ''}`, {
    details: faults.slice(1, 10),
  });
}

function badExport(file: string, name: string, what: string): HarnessError {
  return usageError('bad-test', `--tests: ${file}: export ${name}: ${what}`);
}

function duplicate(path: string, { text }: Place, before: string): HarnessError {
  return usageError(
    'duplicate-test',
    `--tests: ${text}: there is a test ${path} already, from ${before}; give this one another path`,
  );
}
