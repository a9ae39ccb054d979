/** Imports a module of the user's; an error names the line of the user's own code. */
import { fileURLToPath, pathToFileURL } from 'node:url';
import { within } from '../model/deadline.js';
import { usageError } from '../model/errors.js';
import { canReadTypeScript, installHooks, typescriptEnding } from './user-modules.js';

/** deadline for the import of a module */
const importMs = 30_000;
/** how lines of Node and of Drover itself show in a stack */
const droverRoot = fileURLToPath(new URL('../..', import.meta.url));
const droverPlaces = ['node:internal/', `${droverRoot}dist/`, `${droverRoot}node_modules/`];

/**
 * @param option that names it, for messages
 * @param canRead for tests: whether TypeScript can be loaded
 * @throws HarnessError `tests-typescript`
 */
export function requireReadable(
  file: string,
  option: string,
  canRead: (file: string) => boolean = canReadTypeScript,
): void {
  if (!typescriptEnding.test(file) || canRead(file)) return;
  throw usageError(
    'tests-typescript',
    `${option}: '${file}' is TypeScript, which Node ${process.version} does not run: use Node 22.18 or newer, or add the compiler to your project (npm install --save-dev typescript), or compile the file first and give the JavaScript`,
  );
}

/**
 * @param option that names it, for messages
 * @throws HarnessError `tests-import`
 */
export async function importModule(
  file: string,
  option: string,
): Promise<Readonly<Record<string, unknown>>> {
  installHooks();
  try {
    const url = pathToFileURL(file).href;
    return await within(
      import(url) as Promise<Record<string, unknown>>,
      { timeoutMs: importMs },
      () => new Error(`its top level is not done after ${importMs / 1000} s`),
    );
  } catch (error) {
    throw usageError(
      'tests-import',
      `${option}: cannot load ${file}: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`,
      { details: placeOf(error, file) },
    );
  }
}

/** The user's own part of a stack, and the source line where Node shows it. */
function placeOf(error: unknown, file: string): string[] {
  const lines = error instanceof Error ? (error.stack ?? '').split('\n') : [];
  const own = lines.filter((line) => !droverPlaces.some((place) => line.includes(place)));
  const message = own.findIndex((line) => /^(\w*Error|AssertionError)\b/.test(line));
  const shown = own.filter((_line, index) => index !== message).slice(0, 10);
  // Node gives no line for a syntax error in the module
  return error instanceof SyntaxError && shown.length === 0
    ? [`node --check ${file}   shows the place`]
    : shown.map((line) => line.replaceAll(/\t/g, '  '));
}
