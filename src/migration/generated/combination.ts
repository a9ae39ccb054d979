/**
 * A combination of values, and the path of its test, which says all of it: the path alone is enough
 * to run it again. Usual values are left out, but for the flow and the transport.
 */
import type { Choice } from '../../model/space/space.js';
import { factors, leftOut, unknownFactor } from './factors.js';
import type { FactorOfTests, FactorValue } from './factors.js';

/** The value of each factor, in the order of the factors; those that are not there are usual. */
export class Combination {
  readonly #values: ReadonlyMap<string, FactorValue>;
  readonly #factors: readonly FactorOfTests[];

  /** @param choices usual values may be left out; unknown factors are capabilities */
  constructor(choices: Iterable<Choice>) {
    const chosen = new Map([...choices].map(({ factor, value }) => [factor, value]));
    const known = new Set(factors.map(({ name }) => name));
    const unknown = [...chosen.keys()].filter((name) => !known.has(name)).map(unknownFactor);
    this.#factors = [...factors, ...unknown];
    this.#values = new Map(
      this.#factors.flatMap(({ name, values }) => {
        const value = values.find((each) => each.name === chosen.get(name));
        return value === undefined || value === values[0] ? [] : [[name, value] as const];
      }),
    );
  }

  /** by their names, without usual ones, in the order of the factors */
  get unusual(): Choice[] {
    return [...this.#values].map(([factor, { name }]) => ({ factor, value: name }));
  }

  /** the values with all that they mean, usual ones too */
  get values(): readonly FactorValue[] {
    return this.#factors.map(({ name, values }) => this.#values.get(name) ?? values[0]);
  }

  valueOf(factor: string): string {
    const usual = this.#factors.find(({ name }) => name === factor)?.values[0].name ?? '';
    return this.#values.get(factor)?.name ?? usual;
  }

  has(value: string): boolean {
    return [...this.#values.values()].some(({ name }) => name === value);
  }

  get path(): string {
    const rest = this.unusual.filter(({ factor }) => !inPath.includes(factor));
    return [
      prefix + inPath.map((factor) => this.valueOf(factor)).join('/'),
      ...(rest.length === 0 ? [] : [rest.map(({ value }) => value).join('+')]),
    ].join('/');
  }
}

/** what the names of all begin with */
const prefix = '/migration/generated/';
/** factors whose values are always in the path */
const inPath: readonly string[] = ['flow', 'transport'];

const factorOf = new Map(
  factors.flatMap(({ name, values }) => values.map((value) => [value.name, name] as const)),
);

/** Of the name of a value. @returns undefined if it can be none */
export function choiceOf(value: string): Choice | undefined {
  const factor = factorOf.get(value);
  if (factor !== undefined) return { factor, value };
  const isCapability = /^[a-z][a-z0-9-]*$/.test(value) && leftOut[value] === undefined;
  return isCapability && !value.startsWith('no-') ? { factor: value, value } : undefined;
}

/**
 * The combination that a path names, without the architecture; undefined for any other path.
 *
 * @param path as `Combination.path` gives it
 */
export function combinationOfPath(path: string): Combination | undefined {
  if (!path.startsWith(prefix)) return undefined;
  const [flow = '', transport = '', rest = '', ...more] = path.slice(prefix.length).split('/');
  const names = [flow, transport, ...(rest === '' ? [] : rest.split('+'))];
  const choices = names.map(choiceOf);
  if (more.length > 0 || choices.some((choice) => choice === undefined)) return undefined;
  const combination = new Combination(choices.flatMap((choice) => choice ?? []));
  return combination.path === path ? combination : undefined;
}
