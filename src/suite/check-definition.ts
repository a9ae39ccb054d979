/**
 * Checks the test definitions of a user's module. The compiler checks Drover's own tests; a user's
 * may be JavaScript, where a misspelt field would be ignored, and the test would test something
 * else.
 */
import { inspect } from 'node:util';
import { distance } from 'fastest-levenshtein';
import * as v from 'valibot';
import { hookEntries } from '../migration/migrate-common.js';
import type { MigrateCommon } from '../migration/migrate-common.js';
import { fileEntries } from '../migration/flows/file-migration.js';
import { postcopyEntries } from '../migration/flows/postcopy.js';
import { pairShape } from '../migration/pair-settings.js';
import { text } from '../model/shapes.js';
import { factEntries } from './definition.js';
import type { FlowName } from './definition.js';

/** what each flow takes beside the facts */
const flowEntries: Record<FlowName, v.ObjectEntries> = {
  precopy: { ...pairShape.entries, ...hookEntries },
  file: { ...fileEntries, ...hookEntries },
  postcopy: { ...postcopyEntries, ...hookEntries },
  own: { run: v.function() },
};

function entriesOf(made: { flow: FlowName; input: unknown } | undefined): v.ObjectEntries {
  const entries = { ...factEntries, ...flowEntries[made?.flow ?? 'own'] };
  const isDeferred = (made?.input as Partial<MigrateCommon> | undefined)?.incoming !== undefined;
  if (made?.flow !== 'precopy') return entries;
  return { ...entries, listen: isDeferred ? v.optional(v.literal('defer')) : text };
}

/**
 * All that is wrong with one value that should be a test definition, as `field: expected ..., not
 * ...`.
 */
export function definitionFaults(value: unknown): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [`expected a test definition, such as precopyTest({ ... }) gives, not ${shown(value)}`];
  }
  const made = 'made' in value ? (value.made as { flow: FlowName; input: unknown }) : undefined;
  const entries = entriesOf(made);
  const result = v.safeParse(v.strictObject(entries), made?.input ?? value);
  const faults = (result.issues ?? []).map((issue) => faultOf(issue, Object.keys(entries)));
  if (made === undefined || result.issues !== undefined) return faults;
  // the module may have changed the definition afterwards, as in { ...precopyTest(...), level:
  // 'full' }
  const { made: _made, ...rest } = value as { made: unknown };
  const after = v.safeParse(v.strictObject({ ...factEntries, run: v.function() }), rest);
  return [
    ...(after.issues ?? []).map((issue) => faultOf(issue, [...Object.keys(factEntries), 'run'])),
    ...ignored(made.flow, result.output),
  ];
}

/** Fields that the flow would ignore. */
function ignored(flow: FlowName, fields: Readonly<Record<string, unknown>>): string[] {
  if (flow !== 'file' && fields['writtenHook'] !== undefined) {
    return ['writtenHook: only fileTest uses it'];
  }
  if (fields['steady'] === true) {
    const unused = ['liveHook', 'iterations', 'recovery', 'suspend'];
    const faults = unused
      .filter((name) => fields[name] !== undefined)
      .map((name) => `${name}: not with steady: true`);
    return flow === 'postcopy' || fields['live'] === true
      ? faults
      : [...faults, 'steady: only with live: true'];
  }
  if (flow === 'precopy' && fields['live'] === true) return [];
  return ['iterations', 'liveHook']
    .filter((name) => fields[name] !== undefined)
    .map((name) => `${name}: only precopyTest uses it, with live: true`);
}

function faultOf(issue: v.BaseIssue<unknown>, fields: readonly string[]): string {
  const place = (issue.path ?? []).map(({ key }) => String(key));
  const field = place.join('.');
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    const name = place.at(-1) ?? '';
    const near = place.length === 1 ? nearest(name, fields) : undefined;
    return `${field}: no such field${near === undefined ? '' : `; did you mean '${near}'?`}`;
  }
  // of a value the schema's text, of a further condition the text above
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
