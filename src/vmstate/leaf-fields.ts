/**
 * The fields of a device as they follow each other in the stream. A structure in it adds nothing of its own to the stream:
 * neither its name nor its version is sent. So only the fields at its leaves count, however they are nested. Pure.
 */
import type { DumpedField, DumpedState } from './dump.js';

export interface LeafField {
  readonly name: string;
  /** the structures that it is in, with dots */
  readonly within: string;
  readonly sizeBytes: number;
  /** of all arrays that it is in, multiplied; undefined where the dump does not tell */
  readonly count: number | undefined;
  readonly isConditional: boolean;
  /** a state of at least this version, as the stream names it, has the field */
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
  /** those of the device and of the structures in it */
  readonly subsections: readonly DumpedState[];
}

export const pathOf = ({ within, name }: LeafField): string =>
  within === '' ? name : `${within}.${name}`;

export function layoutOf(state: DumpedState, tellsCounts: boolean): Layout {
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
    // Within a structure both sides go by their own version of it: the stream's is that of the device.
    const since = isOutermost && !field.isConditional ? field.version : around.since;
    const isConditional = around.isConditional || field.isConditional;
    const count =
      tellsCounts && around.count !== undefined ? around.count * (field.count ?? 1) : undefined;
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
