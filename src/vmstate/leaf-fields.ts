/**
 * The fields of a device in the order of the stream. QEMU sends neither the name nor the version of
 * a structure in it, so only the fields at the leaves count, however they are nested. Pure.
 */
import type { DumpedField, DumpedState } from './dump.js';

export interface LeafField {
  readonly name: string;
  /** the structures that it is in, with dots */
  readonly within: string;
  readonly sizeBytes: number;
  /** product of the lengths of all arrays around it; undefined if the dump has no lengths */
  readonly count: number | undefined;
  readonly isConditional: boolean;
  /** states from this version (of the stream) on have the field */
  readonly since: number;
}

/** A structure within a device. */
export interface Nested {
  readonly path: string;
  readonly state: DumpedState;
}

export interface Layout {
  readonly fields: readonly LeafField[];
  readonly nested: readonly Nested[];
  /** of the device and of the structures in it */
  readonly subsections: readonly DumpedState[];
}

export const pathOf = ({ within, name }: LeafField): string =>
  within === '' ? name : `${within}.${name}`;

export function layoutOf(state: DumpedState, hasCounts: boolean): Layout {
  const fields: LeafField[] = [];
  const nested: Nested[] = [];
  const subsections: DumpedState[] = [];
  interface Around {
    readonly within: string;
    readonly count: number | undefined;
    readonly isConditional: boolean;
    readonly since: number;
  }
  const add = (field: DumpedField, around: Around, isOutermost: boolean): void => {
    // In a structure each side uses its own version of it: the version in the stream is that of the
    // device.
    const since = isOutermost && !field.isConditional ? field.version : around.since;
    const isConditional = around.isConditional || field.isConditional;
    const count =
      hasCounts && around.count !== undefined ? around.count * (field.count ?? 1) : undefined;
    const path = around.within === '' ? field.name : `${around.within}.${field.name}`;
    const { structure, name, sizeBytes } = field;
    if (structure === undefined) {
      fields.push({ name, within: around.within, sizeBytes, count, isConditional, since });
      return;
    }
    nested.push({ path, state: structure });
    walk(structure, { within: path, count, isConditional, since }, false);
  };
  const walk = (one: DumpedState, around: Around, isOutermost: boolean): void => {
    for (const field of one.fields) {
      const isNeverSent = !field.isConditional && field.version > one.version;
      if (!isNeverSent) add(field, around, isOutermost);
    }
    subsections.push(...one.subsections);
  };
  walk(state, { within: '', count: 1, isConditional: false, since: 0 }, true);
  return { fields, nested, subsections };
}
