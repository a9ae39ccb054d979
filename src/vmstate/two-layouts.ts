/**
 * How the fields of a device differ between two QEMUs. A stream has no field names: only order and
 * sizes count. Pure.
 */
import { align } from './align.js';
import type { Pair } from './align.js';
import type { DumpedState } from './dump.js';
import { pathOf } from './leaf-fields.js';
import type { LeafField, Layout } from './leaf-fields.js';
import { effect, none } from './differences.js';
import type { Difference, DifferenceKind, Effect } from './differences.js';
import { renamedStructure, structureDifferences } from './two-structures.js';

export interface SideLayout {
  readonly state: DumpedState;
  readonly layout: Layout;
}

export function fieldDifferences(a: SideLayout, b: SideLayout): Difference[] {
  const found: Difference[] = [];
  const renamed = new Map<string, Difference>();
  for (const stretch of stretches(a.layout.fields, b.layout.fields)) {
    const replaced = replacedRun(stretch);
    if (replaced !== undefined) {
      found.push(replaced);
      continue;
    }
    for (const [one, other] of stretch) {
      const field = one ?? other;
      if (one !== undefined && other !== undefined) {
        found.push(...pairDifferences(one, other, a, b));
        const structure = renamedStructure(one, other);
        if (structure !== undefined) renamed.set(structure.path, structure);
      } else if (field !== undefined) found.push(alone(field, one !== undefined, a, b));
    }
  }
  return [...moved(found), ...structureDifferences(a.layout, b.layout), ...renamed.values()];
}

/**
 * A field that both have, or a run of fields between two such. In a run, fields of one size in the
 * same place count as renamed.
 */
function stretches(a: readonly LeafField[], b: readonly LeafField[]): Pair<LeafField>[][] {
  const done: Pair<LeafField>[][] = [];
  let [onlyA, onlyB]: [LeafField[], LeafField[]] = [[], []];
  const close = (): void => {
    if (onlyA.length + onlyB.length > 0) done.push(align(onlyA, onlyB, isSamePlace));
    [onlyA, onlyB] = [[], []];
  };
  for (const pair of align(a, b, (one, other) => one.name === other.name)) {
    const [one, other] = pair;
    if (one !== undefined && other !== undefined) {
      close();
      done.push([pair]);
    } else if (one !== undefined) onlyA.push(one);
    else if (other !== undefined) onlyB.push(other);
  }
  close();
  return done;
}

/**
 * Fields whose bytes the other side divides differently or skips; the fields after them are in the
 * same place.
 */
function replacedRun(stretch: readonly Pair<LeafField>[]): Difference | undefined {
  const [fieldsA, fieldsB] = [
    stretch.flatMap(([one]) => one ?? []),
    stretch.flatMap(([, two]) => two ?? []),
  ];
  const all = [...fieldsA, ...fieldsB];
  if (fieldsA.length === fieldsB.length || fieldsA.length === 0 || fieldsB.length === 0)
    return undefined;
  const isPlain = all.every(
    ({ isConditional, since, sizeBytes }) =>
      !isConditional && since === all[0]?.since && sizeBytes > 0,
  );
  if (!isPlain || bytesOf(fieldsA) !== bytesOf(fieldsB)) return undefined;
  const isKnown = all.every(({ count }) => count !== undefined);
  const to = (sent: readonly LeafField[], read: readonly LeafField[]): Effect => {
    const isSkipped = (fields: readonly LeafField[]): boolean =>
      fields.every(({ name }) => name === skipped);
    if (isSkipped(sent)) return zeroes;
    if (!isKnown) return lengthUnknown;
    return isSkipped(read)
      ? effect('harmless', 'The destination skips as many bytes as the source sends.')
      : effect('may', 'The bytes are as many, and the destination divides them into other fields.');
  };
  const show = (fields: readonly LeafField[]): string =>
    fields.map((field) => `${pathOf(field)} (${fieldText(field)})`).join(', ');
  return {
    kind: 'field-renamed',
    path: fieldsA.slice(0, 1).map(pathOf).join(''),
    a: show(fieldsA),
    b: show(fieldsB),
    forward: to(fieldsA, fieldsB),
    backward: to(fieldsB, fieldsA),
  };
}

const bytesOf = (fields: readonly LeafField[]): number =>
  fields.reduce((sum, { sizeBytes, count }) => sum + sizeBytes * (count ?? 1), 0);

function isSamePlace(a: LeafField, b: LeafField): boolean {
  return a.sizeBytes > 0 && bytesDiffer(a, b) !== true && a.isConditional === b.isConditional;
}

/** undefined if unknown: not all dumps have the lengths of arrays */
function bytesDiffer(a: LeafField, b: LeafField): boolean | undefined {
  if (a.count !== undefined && b.count !== undefined) {
    return a.sizeBytes * a.count !== b.sizeBytes * b.count;
  }
  if (a.sizeBytes === b.sizeBytes) return false;
  return isMultiple(a, b) || isMultiple(b, a) ? undefined : true;
}

/** Whether a field of unknown length may have as many bytes as another one. */
function isMultiple(part: LeafField, whole: LeafField): boolean {
  const bytes = whole.sizeBytes * (whole.count ?? 1);
  return (
    part.count === undefined && part.sizeBytes > 0 && bytes > 0 && bytes % part.sizeBytes === 0
  );
}

interface Presence {
  readonly isSent: boolean;
  readonly isRead: boolean;
}

/** Both sides use the version that the source writes to the stream. */
function presence(
  sent: LeafField | undefined,
  read: LeafField | undefined,
  version: number,
): Presence {
  const isThere = (field: LeafField | undefined): boolean =>
    field !== undefined && field.since <= version;
  return { isSent: isThere(sent), isRead: isThere(read) };
}

function presenceEffect({ isSent, isRead }: Presence, isConditional: boolean): Effect {
  if (isSent === isRead) return none;
  const what = isSent
    ? 'the source sends bytes here that the destination does not read'
    : 'the destination reads bytes here that the source does not send';
  return isConditional
    ? effect('may', `Where its condition holds, ${what}, and all that follows is misread.`)
    : effect('must', `${what.replace('the', 'The')}, and all that follows is misread.`);
}

/** A field that only one side has. */
function alone(field: LeafField, isOfA: boolean, a: SideLayout, b: SideLayout): Difference {
  const there = fieldText(field);
  const [one, other] = isOfA ? [field, undefined] : [undefined, field];
  const notRead = `Only a state of version ${field.since} or newer has it.`;
  const effectOf = (given: Presence): Effect =>
    given.isSent || given.isRead
      ? presenceEffect(given, field.isConditional)
      : effect('harmless', notRead);
  return {
    kind: isOfA ? 'field-removed' : 'field-added',
    path: pathOf(field),
    a: isOfA ? there : 'absent',
    b: isOfA ? 'absent' : there,
    forward: effectOf(presence(one, other, a.state.version)),
    backward: effectOf(presence(other, one, b.state.version)),
  };
}

function pairDifferences(
  one: LeafField,
  other: LeafField,
  a: SideLayout,
  b: SideLayout,
): Difference[] {
  const found: Difference[] = [];
  const path = pathOf(one);
  const isConditional = one.isConditional || other.isConditional;
  const add = (kind: DifferenceKind, forward: Effect, backward = forward): void => {
    found.push({ kind, path, a: fieldText(one), b: fieldText(other), forward, backward });
  };
  if (one.name !== other.name) {
    found.push({
      kind: 'field-renamed',
      path,
      a: pathOf(one),
      b: pathOf(other),
      forward: renamedEffect(one, other),
      backward: renamedEffect(other, one),
    });
  }
  if (one.isConditional !== other.isConditional) {
    const reason =
      'On one side alone a condition decides whether it is there: where it does not hold, all that follows is misread.';
    add('field-condition', effect('may', reason));
  } else if (one.since !== other.since) {
    add(
      'field-version',
      presenceEffect(presence(one, other, a.state.version), isConditional),
      presenceEffect(presence(other, one, b.state.version), isConditional),
    );
  }
  const differ = bytesDiffer(one, other);
  if (differ === true) add('field-size', sizeEffect(one, other, isConditional));
  else if (differ === undefined && one.name === other.name) add('field-size', lengthUnknown);
  else if (differ === false && one.sizeBytes !== other.sizeBytes) {
    add(
      'field-size',
      effect(
        'harmless',
        'The elements have another size, and all of them together the same number of bytes.',
      ),
    );
  }
  return found;
}

function sizeEffect(one: LeafField, other: LeafField, isConditional: boolean): Effect {
  if (one.sizeBytes === 0 || other.sizeBytes === 0) {
    return effect(
      'may',
      'On one side the field has an encoding of its own, and the dump does not show how many bytes it sends.',
    );
  }
  return isConditional
    ? effect(
        'may',
        'Where its condition holds, the sides send and read different numbers of bytes, and all that follows is misread.',
      )
    : effect(
        'must',
        'The sides send and read different numbers of bytes, and all that follows is misread.',
      );
}

/** QEMU's name for bytes that the source sends as zeroes and the destination skips */
const skipped = 'unused';

function renamedEffect(sent: LeafField, read: LeafField): Effect {
  if (sent.name === skipped && read.name !== skipped) {
    return zeroes;
  }
  return bytesDiffer(sent, read) === undefined
    ? lengthUnknown
    : effect('harmless', 'Names of fields are not in the stream, and place and size are the same.');
}

const zeroes = effect(
  'may',
  'The source sends zeroes here, and the destination uses them as the value of the field.',
);

const lengthUnknown = effect(
  'may',
  'One dump lacks the length of the array: the number of bytes may be the same or not.',
);

/** A field of the same name removed in one place and added in another: it moved. */
function moved(found: readonly Difference[]): Difference[] {
  const added = new Map(
    found.filter(({ kind }) => kind === 'field-added').map((one) => [one.path, one]),
  );
  const partners = new Set<Difference>();
  const result = found.map((one): Difference => {
    const partner = one.kind === 'field-removed' ? added.get(one.path) : undefined;
    if (partner?.b !== one.a) return one;
    partners.add(partner);
    return { ...one, kind: 'field-moved', b: `${partner.b}, in another place` };
  });
  return result.filter((one) => !partners.has(one));
}

function fieldText({ sizeBytes, count, isConditional, since }: LeafField): string {
  const times = count === undefined || count === 1 ? '' : `${count} times `;
  const from = since > 0 ? `, from version ${since}` : '';
  const size =
    sizeBytes === 0
      ? 'encoding of its own'
      : `${times}${sizeBytes} ${sizeBytes === 1 ? 'byte' : 'bytes'}`;
  return `${size}${from}${isConditional ? ', on a condition' : ''}`;
}
