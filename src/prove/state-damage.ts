/**
 * Damage to device state: for each field that the stream describes, one bit of it inverted. Fields
 * have the names that a comparison of two streams gives them.
 */
import { numberedSections } from '../memory/device-states.js';
import type { Description, NumberedSection } from '../memory/device-states.js';
import type { MemoryImage } from '../memory/image.js';
import type { Draw } from '../model/seeded.js';
import { compareStates } from '../vmstate/compare.js';
import { decodeState } from '../vmstate/decode.js';
import { readDevice } from '../vmstate/description.js';
import type { Structure } from '../vmstate/description.js';
import { parsePiece } from '../vmstate/outline.js';

export interface SectionPlace {
  readonly section: string;
  readonly instance: number;
  /** which of the sections with this name and instance */
  readonly index: number;
}

/** Where a field lies in its section, as far as changes of single bytes show. */
export interface RecordedField extends SectionPlace {
  /** as in a comparison; '' for bytes that belong to no field, such as a list's marks */
  readonly path: string;
  /** of the section's payload in the main stream */
  readonly sectionOffset: number;
  /** first byte in the payload, and how many */
  readonly start: number;
  readonly length: number;
}

/** a longer payload holds long arrays: a sample of its bytes is enough */
const mostDecoded = 4096;
/** larger ones are not decoded */
const mostPayload = 256 * 1024;

/** The fields of all devices, in the order of the stream. */
export async function recordedFields(
  image: MemoryImage,
  description: Description,
): Promise<RecordedField[]> {
  const fields: RecordedField[] = [];
  for (const numbered of numberedSections(image)) {
    fields.push(...(await fieldsOf(image, description, numbered)));
  }
  return fields;
}

async function fieldsOf(
  image: MemoryImage,
  description: Description,
  { key, section, index }: NumberedSection,
): Promise<RecordedField[]> {
  const { name, instance, offset, length } = section;
  const about = { section: name, instance, index, sectionOffset: offset };
  if ('problem' in description || length === 0 || length > mostPayload) return [];
  const piece = description.pieces.get(key)?.[index];
  if (piece === undefined) return [];
  const { structure } = readDevice(parsePiece(description.text, piece), piece.start);
  const payload = await image.readInput(image.report?.mainInput ?? 0, offset, length);
  const pathAt = pathsOf(structure, payload);
  const step = Math.max(1, Math.floor(length / mostDecoded));
  const found: { path: string; start: number; length: number }[] = [];
  for (let at = 0; at < length; at += step) {
    const path = pathAt(at);
    const last = found.at(-1);
    // What lies between two samples may be of another field.
    if (step === 1 && last?.path === path) last.length += 1;
    else found.push({ path, start: at, length: 1 });
  }
  return found.map((field) => ({ ...about, ...field }));
}

/** The field that a byte belongs to: the only one that has another value when it changes. */
function pathsOf(structure: Structure, payload: Buffer): (at: number) => string {
  const before = decodeState(structure, payload);
  return (at) => {
    const changed = Buffer.from(payload);
    changed[at] = (changed[at] ?? 0) ^ 1;
    const after = decodeState(structure, changed);
    const { total, fields } = compareStates(before.state, after.state, 1);
    return total === 1 && after.whole === before.whole ? (fields[0]?.path ?? '') : '';
  };
}

export interface DamagedField {
  readonly field: RecordedField;
  /** in the payload */
  readonly byte: number;
  readonly bit: number;
}

export const damageField = (field: RecordedField, draw: Draw): DamagedField => ({
  field,
  byte: field.start + draw.below(field.length),
  bit: draw.below(8),
});

export const nameOfField = ({ section, instance, path }: RecordedField): string =>
  `${section}${instance === 0 ? '' : `, instance ${instance}`}${path === '' ? '' : `, field ${path}`}`;
