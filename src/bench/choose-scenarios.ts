/**
 * Which scenarios run: built-in ones and those of a file, chosen by name or by group, each with
 * every value of a sweep. Pure.
 */
import * as v from 'valibot';
import { closest, distance } from 'fastest-levenshtein';
import { usageError } from '../model/errors.js';
import type { ScenarioInput } from '../suite/scenario-input.js';
import { builtInGroups, builtInScenarios, usualGroup } from './built-in.js';
import type { ScenarioGroup } from './built-in.js';
import { fileShape, groupOf, resolveScenario } from './scenario.js';
import type { Scenario } from './scenario.js';

/** One field, or migration parameter, with its values. */
export interface Sweep {
  readonly field: string;
  readonly values: readonly (string | number | boolean)[];
}

/** The scenarios of a file, and its name for messages. */
export interface OwnScenarios {
  readonly name: string;
  readonly scenarios: readonly unknown[];
}

export interface Wanted {
  /** of scenarios */
  readonly names: readonly string[];
  /** of built-in groups, such as guestperf or guestperf/compr-mt */
  readonly groups?: readonly string[];
  readonly own?: OwnScenarios | undefined;
  readonly sweeps: readonly Sweep[];
  /** what to take if no name and no group is given and there is no file; default: the usual group */
  readonly isAll?: boolean;
}

/**
 * The chosen scenarios in groups. A scenario that is chosen by its name is in group ``.
 * @throws HarnessError `bad-scenario`, `no-such-scenario`
 */
export function chooseGroups(wanted: Wanted): ScenarioGroup[] {
  const { names, groups = [], own, sweeps, isAll = false } = wanted;
  const mine = (own?.scenarios ?? []).map((each, index) =>
    resolveScenario(each, `${own?.name ?? ''}: scenario ${index + 1}`),
  );
  const known = new Map([...builtInScenarios, ...mine].map((each) => [each.name, each]));
  const isDefault = names.length === 0 && groups.length === 0;
  const isGiven = (group: string): boolean =>
    (isDefault && own === undefined && (isAll || group === usualGroup)) ||
    groups.some((each) => group === each || group.startsWith(`${each}/`));
  for (const group of groups) requireGroup(group);
  const named = names.map((name) => known.get(name) ?? missing(name, [...known.keys()]));
  const unnamed = [...named, ...(isDefault ? mine : [])];
  return [
    ...(unnamed.length === 0 ? [] : [{ name: '', scenarios: unnamed }]),
    ...builtInGroups.filter(({ name }) => isGiven(name)),
  ].map(({ name, scenarios }) => ({
    name,
    scenarios: once(
      sweeps.reduce<readonly Scenario[]>(
        (all, sweep) => all.flatMap((scenario) => varied(scenario, sweep)),
        scenarios,
      ),
    ),
  }));
}

/** The same without the groups, each scenario once. */
export function chooseScenarios(wanted: Wanted): Scenario[] {
  return once(chooseGroups(wanted).flatMap(({ scenarios }) => scenarios));
}

function once(scenarios: readonly Scenario[]): Scenario[] {
  return [...new Map(scenarios.map((scenario) => [scenario.name, scenario])).values()];
}

function requireGroup(group: string): void {
  const names = builtInGroups.map(({ name }) => name);
  if (names.some((name) => name === group || name.startsWith(`${group}/`))) return;
  throw usageError(
    'no-such-scenario',
    `--group: there is no group '${group}'${hint(group, names)}`,
    {
      details: [`there are guestperf ${names.join(' ')}`],
    },
  );
}

function missing(name: string, names: readonly string[]): never {
  throw usageError(
    'no-such-scenario',
    `--scenario: there is no scenario '${name}'${hint(name, names)}`,
    { details: ['drover bench --list   shows all'] },
  );
}

function hint(name: string, names: readonly string[]): string {
  const near = closest(name, names);
  return distance(name, near) <= 3 ? `; did you mean '${near}'?` : '';
}

/** The scenarios in the text of a JSON file. */
export function scenariosInJson(text: string, name: string): unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw usageError('bad-scenario', `${name}: it is not JSON`);
  }
  const parsed = v.safeParse(fileShape, value);
  if (parsed.success) return parsed.output.scenarios;
  throw usageError(
    'bad-scenario',
    `${name}: ${parsed.issues[0].message}; expected {"version": 1, "scenarios": [...]}`,
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
