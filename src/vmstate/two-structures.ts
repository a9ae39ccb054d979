/**
 * How the structures in a device differ between two QEMUs: the stream has only their fields. Pure.
 */
import { effect, versionText } from './differences.js';
import type { Difference } from './differences.js';
import type { DumpedState } from './dump.js';
import { pathOf } from './leaf-fields.js';
import type { LeafField, Layout } from './leaf-fields.js';

/**
 * Fields that are a structure on one side only, and differences in names and versions of
 * structures.
 */
export function structureDifferences(a: Layout, b: Layout): Difference[] {
  const found: Difference[] = [];
  const [fieldsA, fieldsB] = [a, b].map(({ fields }) => new Set(fields.map(pathOf))) as [
    Set<string>,
    Set<string>,
  ];
  const itself = effect(
    'may',
    'The dump does not show what the field without structure sends: its bytes may be the same.',
  );
  const [nestedA, nestedB] = [a, b].map(
    ({ nested }) => new Map(nested.map(({ path, state }) => [path, state])),
  ) as [Map<string, DumpedState>, Map<string, DumpedState>];
  const other = (path: string, one: string, two: string): Difference => ({
    kind: 'field-structure',
    path,
    a: one,
    b: two,
    forward: itself,
    backward: itself,
  });
  for (const [path, one] of nestedA) {
    if (fieldsB.has(path) && !fieldsA.has(path))
      found.push(other(path, `structure ${one.name}`, 'no structure'));
    const two = nestedB.get(path);
    if (two === undefined) continue;
    if (one.name !== two.name)
      found.push(
        renamedState(path, one.name, two.name, one.subsections.length + two.subsections.length > 0),
      );
    if (one.version !== two.version || one.minimumVersion !== two.minimumVersion) {
      const both = effect(
        'harmless',
        'The version of a structure is not in the stream: only its fields count.',
      );
      found.push({
        kind: 'structure-version',
        path,
        a: versionText(one),
        b: versionText(two),
        forward: both,
        backward: both,
      });
    }
  }
  for (const [path, two] of nestedB) {
    if (fieldsA.has(path) && !fieldsB.has(path))
      found.push(other(path, 'no structure', `structure ${two.name}`));
  }
  return found;
}

function renamedState(path: string, a: string, b: string, hasSubsections: boolean): Difference {
  const both = hasSubsections
    ? effect(
        'may',
        'The names of its subsections begin with this name, so the destination does not know one that is sent.',
      )
    : effect('harmless', 'The name of a structure is not in the stream.');
  return { kind: 'structure-renamed', path, a, b, forward: both, backward: both };
}

export function renamedStructure(one: LeafField, other: LeafField): Difference | undefined {
  if (one.within === other.within || one.name !== other.name) return undefined;
  const both = effect(
    'harmless',
    'How fields are nested is not in the stream: their order is the same.',
  );
  const show = ({ within }: LeafField): string => (within === '' ? 'the device itself' : within);
  return {
    kind: 'structure-renamed',
    path: one.within,
    a: show(one),
    b: show(other),
    forward: both,
    backward: both,
  };
}
