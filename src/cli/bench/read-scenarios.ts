/** Reads the file of --scenarios: JSON, or a module in JavaScript or TypeScript. */
import { readFileSync, realpathSync } from 'node:fs';
import { scenariosInJson } from '../../bench/choose-scenarios.js';
import type { OwnScenarios } from '../../bench/choose-scenarios.js';
import { fileProblem, usageError } from '../../model/errors.js';
import { importModule, requireReadable } from '../../suite/import-module.js';

const option = '--scenarios';
const exportNames = ['default', 'scenarios'] as const;
const moduleEnding = /\.(?:[cm]?js|m?ts)$/;

/** @throws HarnessError `bad-scenario`, `tests-typescript`, `tests-import` */
export async function readScenarios(file: string): Promise<OwnScenarios> {
  const name = `${option}: ${file}`;
  if (file.endsWith('.cts')) {
    throw usageError('bad-scenario', `${name}: Drover cannot load .cts: name it .ts or .mts`);
  }
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw usageError('bad-scenario', `${option}: cannot read ${file}: ${fileProblem(cause)}`, {
      cause,
    });
  }
  if (!moduleEnding.test(file)) return { name, scenarios: scenariosInJson(text, name) };
  requireReadable(file, option);
  const module = await importModule(realpathSync(file), option);
  // of a CommonJS module, all of module.exports is the default export
  const whole = module['default'];
  const places = [module, ...(typeof whole === 'object' && whole !== null ? [whole] : [])];
  const scenarios = places
    .flatMap((place) => exportNames.map((each): unknown => Reflect.get(place, each)))
    .find((each) => Array.isArray(each) && each.length > 0);
  if (Array.isArray(scenarios)) return { name, scenarios };
  throw usageError(
    'bad-scenario',
    `${name}: expected an array of scenarios as the default export, or as one named 'scenarios'`,
  );
}
