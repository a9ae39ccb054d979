/**
 * Checks what somebody else's module says is a test. The compiler sees to Drover's own tests; a user's
 * may be JavaScript, and a misspelt field that is quietly ignored would be a test of something else.
 */
import { inspect } from 'node:util';
import { distance } from 'fastest-levenshtein';
import * as v from 'valibot';
import { accelerators, isArch, platforms } from '../model/arch.js';
import { memoryKinds } from '../model/command-line.js';
import { exclusives } from '../model/demand.js';
import type { Need } from '../model/features.js';
import { hostFactNames } from '../model/host-facts.js';
import type { MigrateCommon } from '../migration/migrate-common.js';
import type { PostcopyCommon } from '../migration/flows/postcopy.js';
import { levels } from './definition.js';
import type { FlowName, TestFacts } from './definition.js';

type Entries<T> = Record<keyof Required<T>, v.GenericSchema>;

const text = v.pipe(v.string(), v.nonEmpty('a string that is not empty'));
const texts = v.array(v.string());
const count = v.pipe(
  v.number(),
  v.check((value) => Number.isSafeInteger(value) && value >= 1, 'a whole number of at least 1'),
);
const amount = v.pipe(
  v.number(),
  v.check((value) => Number.isSafeInteger(value) && value >= 0, 'a whole number of at least 0'),
);
const since = { since: text };

/** fields of each kind of need, beside the kind itself */
const needFields: Record<Need['kind'], v.ObjectEntries> = {
  capability: { name: text, ...since },
  parameter: { name: text, ...since },
  transport: { name: text, ...since },
  compression: { name: text, ...since },
  status: { name: text, ...since },
  device: { name: text, ...since },
  argument: { command: text, name: text, ...since },
  value: { parameter: text, name: text, ...since },
  behaviour: { what: text, witness: text, ...since },
  former: { what: text, witness: text, before: text },
  together: { names: texts, ...since },
  tls: since,
  host: { name: v.picklist(hostFactNames) },
};
const need = v.variant(
  'kind',
  Object.entries(needFields).map(([kind, fields]) =>
    v.strictObject({ kind: v.literal(kind), ...fields }),
  ),
);

const longestPath = 180;

/** a name of a test ends up in directories, reports and shells */
function pathFault(path: string): string | undefined {
  if (!/^(\/[A-Za-z0-9_][\w+.-]*)+$/.test(path)) {
    return `a path such as /migration/precopy/unix/plain, of names made of letters, digits and _ + . -`;
  }
  if (isArch(path.split('/')[1] ?? '')) return 'a path without the architecture in front';
  return path.length > longestPath ? `at most ${longestPath} characters` : undefined;
}

const path = v.pipe(
  v.string(),
  v.rawCheck(({ dataset, addIssue }) => {
    const expected = dataset.typed ? pathFault(dataset.value) : undefined;
    if (expected !== undefined) addIssue({ expected, message: expected });
  }),
);

const factEntries: Entries<TestFacts> = {
  path,
  level: v.picklist(levels),
  origin: v.optional(v.literal('drover')),
  arches: v.optional(v.array(v.picklist(Object.keys(platforms)))),
  needs: v.optional(v.array(need)),
  takes: v.optional(
    v.strictObject({
      machines: v.optional(amount),
      ramBytes: v.optional(amount),
      sharedMemoryBytes: v.optional(amount),
      exclusive: v.optional(v.array(v.picklist(exclusives))),
    }),
  ),
};

const parameters = v.optional(v.record(v.string(), v.union([v.string(), v.number(), v.boolean()])));
const hook = v.optional(v.function());
const flag = v.optional(v.boolean());
const completes = v.strictObject({ kind: v.literal('completes') });
const refused = v.strictObject({ kind: v.literal('refused') });
const fails = v.strictObject({
  kind: v.literal('fails'),
  throughActive: v.boolean(),
  destination: v.picklist(['alive', 'exits']),
});

const commonEntries: Entries<MigrateCommon> = {
  listen: v.optional(text),
  incoming: v.optional(text),
  connect: v.optional(text),
  connectBy: v.optional(v.picklist(['uri', 'channels'])),
  channels: v.optional(v.any()),
  capabilities: v.optional(texts),
  sourceCapabilities: v.optional(texts),
  destinationCapabilities: v.optional(texts),
  multifdChannels: v.optional(count),
  parameters,
  sourceParameters: parameters,
  destinationParameters: parameters,
  live: flag,
  iterations: v.optional(count),
  suspend: flag,
  memory: v.optional(v.picklist(memoryKinds)),
  sourceArgs: v.optional(texts),
  destinationArgs: v.optional(texts),
  accel: v.optional(v.picklist(accelerators)),
  accelOptions: v.optional(text),
  oob: flag,
  prepareHook: hook,
  startHook: hook,
  liveHook: hook,
  endHook: hook,
  expect: v.optional(v.variant('kind', [completes, fails, refused])),
};

function without(entries: v.ObjectEntries, ...names: (keyof MigrateCommon)[]): v.ObjectEntries {
  return Object.fromEntries(
    Object.entries(entries).filter(([name]) => !(names as string[]).includes(name)),
  );
}

const recovery: v.GenericSchema<unknown, PostcopyCommon['recovery']> = v.optional(
  v.picklist(['once', 'reconnect', 'handshake']),
);

/** what each flow takes beside the facts */
const flowEntries: Record<FlowName, v.ObjectEntries> = {
  precopy: commonEntries,
  file: {
    ...without(commonEntries, 'listen', 'incoming', 'channels'),
    connect: text,
    expect: v.optional(v.variant('kind', [completes, refused])),
  },
  postcopy: {
    ...without(commonEntries, 'listen', 'incoming', 'connect', 'live', 'expect', 'oob'),
    recovery,
  },
  own: { run: v.function() },
};

function entriesOf(made: { flow: FlowName; input: unknown } | undefined): v.ObjectEntries {
  const entries = { ...factEntries, ...flowEntries[made?.flow ?? 'own'] };
  const isTold = (made?.input as Partial<MigrateCommon> | undefined)?.incoming !== undefined;
  if (made?.flow !== 'precopy') return entries;
  return { ...entries, listen: isTold ? v.optional(v.literal('defer')) : text };
}

/** All that is wrong with one value that should be a test definition, as `field: expected ..., not ...`. */
export function definitionFaults(value: unknown): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [`expected a test definition, such as precopyTest({ ... }) gives, not ${shown(value)}`];
  }
  const made = 'made' in value ? (value.made as { flow: FlowName; input: unknown }) : undefined;
  const entries = entriesOf(made);
  const result = v.safeParse(v.strictObject(entries), made?.input ?? value);
  const faults = (result.issues ?? []).map((issue) => faultOf(issue, Object.keys(entries)));
  if (made === undefined || result.issues !== undefined) return faults;
  // what was made may have been changed afterwards, as in { ...precopyTest(...), level: 'full' }
  const { made: _made, ...rest } = value as { made: unknown };
  const after = v.safeParse(v.strictObject({ ...factEntries, run: v.function() }), rest);
  return [
    ...(after.issues ?? []).map((issue) => faultOf(issue, [...Object.keys(factEntries), 'run'])),
    ...unheeded(made.flow, result.output),
  ];
}

/** What would be passed over in silence. */
function unheeded(flow: FlowName, fields: Readonly<Record<string, unknown>>): string[] {
  if (flow === 'precopy' && fields['live'] === true) return [];
  return ['iterations', 'liveHook']
    .filter((name) => fields[name] !== undefined)
    .map((name) => `${name}: heeded only by precopyTest, with live: true`);
}

function faultOf(issue: v.BaseIssue<unknown>, fields: readonly string[]): string {
  const place = (issue.path ?? []).map(({ key }) => String(key));
  const field = place.join('.');
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    const name = place.at(-1) ?? '';
    const near = place.length === 1 ? nearest(name, fields) : undefined;
    return `${field}: no such field${near === undefined ? '' : `; did you mean '${near}'?`}`;
  }
  // of values the schema's own words, of further demands the ones given above
  const words = issue.kind === 'schema' ? (issue.expected ?? '') : issue.message;
  const expected = words.replace(/^\((.*)\)$/, '$1').replaceAll(' | ', ' or ');
  if (issue.type === 'strict_object' && issue.input === undefined && place.length > 0) {
    return `${field}: missing`;
  }
  const what =
    issue.kind === 'schema' && !expected.startsWith('"')
      ? `${/^[AO]/.test(expected) ? 'an' : 'a'} ${expected.toLowerCase()}`
      : expected;
  return `${field === '' ? '' : `${field}: `}expected ${what}, not ${shown(issue.input)}`;
}

function nearest(name: string, fields: readonly string[]): string | undefined {
  const [best] = fields
    .map((field) => ({ field, far: distance(name.toLowerCase(), field.toLowerCase()) }))
    .sort((a, b) => a.far - b.far);
  return best !== undefined && best.far <= 3 ? best.field : undefined;
}

function shown(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  const plain = typeof value === 'string' ? JSON.stringify(value) : inspect(value, { depth: 1 });
  const text = plain.replaceAll(/\s+/g, ' ');
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}
