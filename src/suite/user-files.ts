/** The modules that `--tests` names: a file itself, or the files of a folder at any depth. */
import { readdirSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { HarnessError, fileProblem, usageError } from '../model/errors.js';
import { requireReadable } from './import-module.js';

export interface UserFile {
  readonly file: string;
  /** found in a folder: it may hold no test, but helpers of other modules */
  readonly found: boolean;
}

const moduleEnding = /\.m?[jt]s$/;
/** types only, no code */
const declarationEnding = /\.d\.m?ts$/;

const isModule = (name: string): boolean =>
  moduleEnding.test(name) && !declarationEnding.test(name);

/**
 * Absolute paths, links resolved, each once. `canRead`, for tests: whether TypeScript can be
 * loaded.
 * @throws HarnessError `tests-path`, `tests-typescript`
 */
export function userFiles(
  given: readonly string[],
  canRead?: (file: string) => boolean,
): UserFile[] {
  const files = new Map<string, UserFile>();
  for (const each of given) {
    for (const file of filesOf(each)) {
      if (files.get(file.file)?.found !== false) files.set(file.file, file);
    }
  }
  for (const { file } of files.values()) requireReadable(file, '--tests', canRead);
  return [...files.values()];
}

function filesOf(given: string): UserFile[] {
  let real: string;
  try {
    real = realpathSync(given);
    if (!statSync(real).isDirectory()) {
      if (isModule(real)) return [{ file: real, found: false }];
      throw pathError(`'${given}' is not a module: expected a file whose name ends in ${endings}`);
    }
    const names = modulesBelow(real, '');
    if (names.length > 0)
      return names.map((name) => ({ file: path.join(real, name), found: true }));
  } catch (cause) {
    if (cause instanceof HarnessError) throw cause;
    throw pathError(`'${given}': ${fileProblem(cause)}`, cause);
  }
  throw pathError(`there is no module in '${given}': expected files whose names end in ${endings}`);
}

const endings = '.mjs, .js, .mts or .ts';

function pathError(message: string, cause?: unknown): HarnessError {
  return usageError('tests-path', `--tests: ${message}`, { cause });
}

/** Relative, in order of name. Hidden folders and installed packages are left out. */
function modulesBelow(root: string, below: string): string[] {
  return readdirSync(path.join(root, below), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const name = path.join(below, entry.name);
      if (entry.isDirectory()) {
        return entry.name === 'node_modules' || entry.name.startsWith('.')
          ? []
          : modulesBelow(root, name);
      }
      return entry.isFile() && isModule(entry.name) ? [name] : [];
    });
}
