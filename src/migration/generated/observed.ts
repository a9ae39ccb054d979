/**
 * Which values of the factors of generated tests a migration had, whatever test it was of: by what
 * its QEMUs were started with, what they accepted, and the events of the source.
 */
import { asString } from '../../model/json.js';
import type { Json } from '../../model/json.js';
import type { TestContext, TestMachine } from '../context.js';
import { factors, leftOut } from './factors.js';
import type { FactorOfTests, FactorValue } from './factors.js';

/**
 * The names of the values, without usual ones; of a factor whose value is none of its own, its name
 * behind a question mark. Undefined if no migration of the first source completed.
 */
export function observedValues({ machines, platform }: TestContext): string[] | undefined {
  const source = machines.find(({ side }) => side === 'source');
  const flow = source === undefined ? undefined : flowOf(source);
  if (source === undefined || flow === undefined) return undefined;
  const seen: Seen = {
    source,
    flow,
    stamp: platform.stamp ?? 'byte',
    writers: platform.writers ?? 1,
    capabilities: [...source.exercised].flatMap(
      (item) => /^capability (.+)$/.exec(item)?.[1] ?? [],
    ),
  };
  const named = factors.flatMap((factor) => {
    const value = factor.values.find((each) => shows(factor, each, seen));
    if (value === undefined) return [`?${factor.name}`];
    return value === factor.values[0] ? [] : [value.name];
  });
  const known = new Set(factors.map(({ name }) => name));
  const unknown = seen.capabilities.filter(
    (name) => !known.has(name) && leftOut[name] === undefined,
  );
  return [...named, ...unknown];
}

interface Seen {
  readonly source: TestMachine;
  readonly flow: string;
  readonly stamp: string;
  readonly writers: number;
  readonly capabilities: readonly string[];
}

function shows(factor: FactorOfTests, value: FactorValue, seen: Seen): boolean {
  const { source } = seen;
  switch (factor.name) {
    case 'flow':
      return value.name === seen.flow;
    case 'transport':
      return value.name === transportOf(source);
    case 'address':
      return value.name === (source.exercised.has('channel main') ? 'channels' : 'uri');
    case 'memory':
      return value.memory === source.spec.memory.kind;
    case 'stamps':
      return value.stamp === seen.stamp;
    case 'writers':
      return value.writers === seen.writers;
    default:
      return isSet(factor, value, seen);
  }
}

/** Of a capability or a parameter: what this value sets is set, and nothing that another one sets. */
function isSet(
  { values }: FactorOfTests,
  value: FactorValue,
  { source, capabilities }: Seen,
): boolean {
  const own = value.capability ?? value.sourceCapability;
  const isOn = (name: string | undefined): boolean =>
    name !== undefined && capabilities.includes(name);
  if (own !== undefined) return isOn(own);
  if (values.some((other) => isOn(other.capability ?? other.sourceCapability))) return false;
  const wanted = Object.entries({ ...value.parameters, ...value.sourceParameters });
  const names = values.flatMap((each) =>
    Object.keys({ ...each.parameters, ...each.sourceParameters }),
  );
  const now = (name: string): Json | undefined => source.parameters.get(name);
  if (value === values[0]) {
    return names.every(
      (name) => now(name) === undefined || wanted.some(([n, v]) => n === name && v === now(name)),
    );
  }
  return wanted.every(([name, set]) => now(name) === set);
}

/** By the first `migrate`: a recovery may take another one. */
function transportOf(source: TestMachine): string | undefined {
  const first = [...source.exercised].find((item) => item.startsWith('transport '));
  const name = first?.slice('transport '.length);
  const credentials = source.parameters.get('tls-creds');
  const isTls = typeof credentials === 'string' && credentials !== '';
  if (!isTls) return name;
  return name === 'tcp' ? 'tls' : undefined;
}

/** By the events of a source whose migration completed. */
function flowOf({ qmp }: TestMachine): string | undefined {
  const { all } = qmp.events;
  const statuses = all.flatMap(({ name, data }) =>
    name === 'MIGRATION' ? (asString(data['status']) ?? []) : [],
  );
  if (!statuses.includes('completed')) return undefined;
  if (statuses.includes('postcopy-paused')) return 'recovery';
  if (statuses.includes('postcopy-active')) return 'postcopy';
  const place = (match: (event: (typeof all)[number]) => boolean): number => all.findIndex(match);
  const begun = place(({ name, data }) => name === 'MIGRATION' && data['status'] === 'setup');
  const stopped = place(({ name }) => name === 'STOP');
  // a guest that suspended itself is neither
  if (all.some(({ name }) => name === 'SUSPEND')) return undefined;
  return stopped >= 0 && stopped < begun ? 'stopped' : 'live';
}
