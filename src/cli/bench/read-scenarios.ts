/** Reads the file of --scenarios: JSON, or a module in JavaScript or TypeScript. */
import { readFileSync, realpathSync } from 'node:fs';
import { scenariosInJson } from '../../bench/choose-scenarios.js';
import type { OwnScenarios } from '../../bench/choose-scenarios.js';
import { fileProblem, usageError } from '../../model/errors.js';
import { importModule, requireReadable } from '../../suite/import-module.js';

const option = '--scenarios';
const exportNames = ['default', 'scenarios'] as const;

/** @throws HarnessError `bad-scenario`, `tests-typescript`, `tests-import` */
export async function readScenarios(file: string): Promise<OwnScenarios> {
  const name = `${option}: ${file}`;
  const isModule = /\.m?[jt]s$/.test(file);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw usageError('bad-scenario', `${option}: cannot read ${file}: ${fileProblem(cause)}`, {
      cause,
    });
  }
  if (!isModule) return { name, scenarios: scenariosInJson(text, name) };
  requireReadable(file, option);
  const module = await importModule(realpathSync(file), option);
  const exported = exportNames.find((each) => each in module);
  const scenarios: unknown = exported === undefined ? undefined : module[exported];
  if (Array.isArray(scenarios) && scenarios.length > 0) return { name, scenarios };
  throw usageError(
    'bad-scenario',
    `${name}: expected an array of scenarios as the default export, or as one named 'scenarios'`,
  );
}
