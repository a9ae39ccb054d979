/**
 * Which scenarios run: built-in ones and those of a file, chosen by name, each with every value of
 * a sweep. Pure.
 */
import * as v from 'valibot';
import { closest, distance } from 'fastest-levenshtein';
import { usageError } from '../model/errors.js';
import type { ScenarioInput } from '../suite/scenario-input.js';
import { builtInScenarios } from './built-in.js';
import { fileShape, groupOf, resolveScenario } from './scenario.js';
import type { Scenario } from './scenario.js';

/** One field, or migration parameter, with its values. */
export interface Sweep {
  readonly field: string;
  readonly values: readonly (string | number | boolean)[];
}

export interface Wanted {
  /** all of the file or, without a file, all that are built in, unless given */
  readonly names: readonly string[];
  /** content of the file of scenarios, and its name for messages */
  readonly file?: { readonly name: string; readonly text: string } | undefined;
  readonly sweeps: readonly Sweep[];
}

/** @throws HarnessError `bad-scenario`, `no-such-scenario` */
export function chooseScenarios({ names, file, sweeps }: Wanted): Scenario[] {
  const own = file === undefined ? [] : scenariosOf(file.text, file.name);
  const known = new Map([...builtInScenarios, ...own].map((each) => [each.name, each]));
  const usual = file === undefined ? builtInScenarios : own;
  const chosen =
    names.length === 0 ? usual : names.map((name) => known.get(name) ?? missing(name, known));
  const swept = sweeps.reduce(
    (scenarios, sweep) => scenarios.flatMap((scenario) => varied(scenario, sweep)),
    chosen,
  );
  return [...new Map(swept.map((scenario) => [scenario.name, scenario])).values()];
}

function missing(name: string, known: ReadonlyMap<string, Scenario>): never {
  const names = [...known.keys()];
  const near = closest(name, names);
  const hint = distance(name, near) <= 3 ? `; did you mean '${near}'?` : '';
  throw usageError('no-such-scenario', `--scenario: there is no scenario '${name}'${hint}`, {
    details: [`there are ${names.join(' ')}`],
  });
}

function scenariosOf(text: string, name: string): Scenario[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw usageError('bad-scenario', `${name}: it is not JSON`);
  }
  const parsed = v.safeParse(fileShape, value);
  if (!parsed.success) {
    throw usageError(
      'bad-scenario',
      `${name}: ${parsed.issues[0].message}; expected {"version": 1, "scenarios": [...]}`,
    );
  }
  return parsed.output.scenarios.map((each, index) =>
    resolveScenario(each, `${name}: scenario ${index + 1}`),
  );
}

function varied({ name, ...scenario }: Scenario, { field, values }: Sweep): Scenario[] {
  const group = groupOf(field);
  return values.map((value) => {
    const input: ScenarioInput = { ...scenario };
    const { migration } = input;
    const changed =
      group === undefined
        ? {
            ...input,
            migration: { ...migration, parameters: { ...migration.parameters, [field]: value } },
          }
        : { ...input, [group]: { ...input[group], [field]: value } };
    return resolveScenario(changed, `--sweep ${field}=${String(value)} of ${name}`);
  });
}
