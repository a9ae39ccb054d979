/**
 * Decodes device state: reads the bytes of one section along the description (vmdesc) in the same
 * stream.
 *
 * The stream itself, not the description, says where the section ends. If the description does not
 * fit the bytes (older QEMUs describe arrays of pointers wrongly), the result has what was decoded
 * up to there, the rest as bytes, and a remark. A list or another container that is not what its
 * description says is shown as bytes. The section's length limits work and output, whatever lengths
 * and counts the description claims. Pure.
 */
import type { Json } from '../model/json.js';
import { Cursor, Misfit, subsectionAt } from './cursor.js';
import type { Field, Structure } from './description.js';
import { hex64, hexOf, leafOf } from './leaves.js';
import { Members } from './members.js';
import { virtioState } from './virtio/state.js';

export interface Remark {
  /** within the section's payload */
  readonly offset: number;
  readonly text: string;
}

export interface DecodedState {
  readonly state: Json;
  /** whether description and bytes agree from the first to the last */
  readonly whole: boolean;
  readonly remarks: readonly Remark[];
}

/**
 * Containers that add no bytes of their own. A size that is wrong for one of them is QEMU's
 * mistake, not a misfit.
 */
const plainContainers = new Set(['struct', 'vstruct']);
/** Containers that have a marker before each element, and another one after the last. */
const listTypes = new Set(['qtailq', 'qlist', 'gtree']);
const [endMarker, elementMarker] = [0, 1] as const;
/** The whole state of a virtio device is one field of this type. */
const virtioType = 'virtio';
const mostRemarks = 20;
/**
 * Values and structures in one section: several for each byte, which is more than real devices
 * have. So the section's length limits work and output, even if the description says that elements
 * have no length.
 */
const mostSteps = 500_000;
const stepsFor = (bytes: number): number => Math.min(mostSteps, 512 + 4 * bytes);
/**
 * Longer arrays of plain values, such as the table of an IOMMU, stay bytes: a value each would take
 * much memory.
 */
const longestList = 16_384;
/** Bytes without a description are shown up to here. */
const mostRestBytes = 64 * 1024;

export function decodeState(structure: Structure, payload: Buffer): DecodedState {
  return new Walk(payload, structure.name).section(structure);
}

class Walk {
  readonly #from: Cursor;
  readonly #device: string;
  #steps = 0;
  #fits = true;
  readonly #remarks: Remark[] = [];

  constructor(bytes: Buffer, device: string) {
    this.#from = new Cursor(bytes);
    this.#device = device;
  }

  section(structure: Structure): DecodedState {
    const state = new Members();
    let ended = true;
    try {
      this.#structure(structure, state);
    } catch (error) {
      if (!(error instanceof Misfit)) throw error;
      ended = false;
      this.#remark(error.message, error.offset);
    }
    const left = this.#from.left;
    if (left > 0) {
      if (ended) this.#remark(`${left} bytes are not described`, this.#from.at);
      state.add('(not described)', this.#rest());
    }
    const whole = ended && left === 0 && this.#fits;
    return { state: state.values, whole, remarks: this.#remarks };
  }

  /** Fills `into` while reading, so that the part before a misfit is kept. */
  #structure(structure: Structure, into: Members): void {
    for (const field of structure.fields) this.#field(field, into);
    for (const part of structure.subsections) this.#subsection(part, into);
  }

  #field(field: Field, into: Members): void {
    const { name, index, arrayLength, sizeBytes } = field;
    if (index === undefined && arrayLength === undefined) {
      this.#element(field, (value) => {
        into.add(name, value);
      });
      return;
    }
    const count = arrayLength ?? 1;
    if (sizeBytes * count > this.#from.left) this.#tooLong(name, sizeBytes * count);
    if (field.type === 'uint8' && sizeBytes === 1 && index === undefined) {
      // An array of bytes reads better as bytes, and would otherwise cost a value for each.
      into.add(name, this.#from.hex(count));
      return;
    }
    if (count > longestList && field.structures.length === 0) {
      into.add(name, { type: field.type, count, bytes: this.#from.hex(sizeBytes * count) });
      return;
    }
    // Elements that are described one by one, or in runs, follow each other under one name.
    const array = into.arrayFor(name, index ?? 0);
    if (index !== undefined && array.length !== index) {
      throw new Misfit(
        `${name}: element ${index} is described after ${array.length}`,
        this.#from.at,
      );
    }
    for (let done = 0; done < count; done++) {
      this.#element(field, (value) => {
        array.push(value);
      });
    }
  }

  /** A field that is no array, or one element. `keep` is called before a structure is filled. */
  #element(field: Field, keep: (value: Json) => void): void {
    const { name, type, sizeBytes, structures } = field;
    this.#step(name);
    if (listTypes.has(type)) {
      keep(this.#orBytes(field, () => this.#list(field)));
      return;
    }
    if (type === virtioType) {
      keep(this.#orBytes(field, () => virtioState(this.#from.take(sizeBytes), this.#device)));
      return;
    }
    const [structure] = structures;
    if (structure === undefined) {
      if (sizeBytes > this.#from.left) this.#tooLong(name, sizeBytes);
      keep((leafOf(type, sizeBytes) ?? hexOf)(this.#from.take(sizeBytes)));
      return;
    }
    if (!plainContainers.has(type)) {
      keep(this.#orBytes(field, () => this.#members(structure)));
      return;
    }
    const before = this.#from.at;
    const members = new Members();
    keep(members.values);
    this.#structure(structure, members);
    const taken = this.#from.at - before;
    if (taken !== sizeBytes) {
      this.#remark(
        `the description gives ${name} ${sizeBytes} bytes, the stream has ${taken}`,
        before,
      );
    }
  }

  #members(structure: Structure): Json {
    const members = new Members();
    this.#structure(structure, members);
    return members.values;
  }

  /**
   * A tree begins with the number of its nodes. Each node has a key before its value: a described structure, or a number of
   * 64 bits that is not described.
   */
  #list({ type, structures }: Field): Json {
    const isTree = type === 'gtree';
    const count = isTree ? this.#from.u32() : structures.length;
    const parts = isTree && structures.length === 2 * count ? 2 : 1;
    if (structures.length !== parts * count) {
      throw new Misfit(`${count} nodes, and ${structures.length} are described`, this.#from.at - 4);
    }
    const values: Json[] = [];
    for (let element = 0; element < count; element++) {
      this.#step(type);
      this.#marker(elementMarker);
      const number = isTree && parts === 1 ? hex64(this.#from.u64()) : undefined;
      const described = structures.slice(element * parts, (element + 1) * parts);
      const members = described.map((structure) => this.#members(structure));
      if (isTree) values.push({ key: number ?? members[0], value: members.at(-1) });
      else values.push(...members);
    }
    this.#marker(endMarker);
    return values;
  }

  #marker(wanted: number): void {
    const found = this.#from.u8();
    if (found !== wanted) {
      throw new Misfit(`a marker is ${found}, and ${wanted} is described`, this.#from.at - 1);
    }
  }

  /** What `decode` makes of exactly the field's bytes, or else the bytes, with a remark. */
  #orBytes({ name, type, sizeBytes }: Field, decode: () => Json): Json {
    if (sizeBytes > this.#from.left) this.#tooLong(name, sizeBytes);
    const before = this.#from.at;
    const remarksBefore = this.#remarks.length;
    try {
      const value = decode();
      const taken = this.#from.at - before;
      if (taken === sizeBytes) return value;
      throw new Misfit(
        `the description gives it ${sizeBytes} bytes, the stream has ${taken}`,
        before,
      );
    } catch (error) {
      if (!(error instanceof Misfit)) throw error;
      // The description gives only the size of a virtio device's state.
      if (type !== virtioType) this.#fits = false;
      this.#remarks.length = remarksBefore;
      this.#remark(`${name} is shown as bytes: ${error.message}`, error.offset);
      this.#from.at = before;
      return this.#from.hex(sizeBytes);
    }
  }

  #subsection(part: Structure, into: Members): void {
    const before = this.#from.at;
    const found = subsectionAt(this.#from.bytes, before);
    if (found?.name !== part.name) {
      const instead = found === undefined ? 'there is none' : `there is '${found.name}'`;
      throw new Misfit(`subsection ${part.name} is described, but ${instead}`, before);
    }
    this.#step(part.name);
    this.#from.at = found.end;
    const members = new Members();
    into.add(part.name, members.values);
    this.#structure(part, members);
  }

  #rest(): string {
    const shown = hexOf(this.#from.bytes.subarray(this.#from.at, this.#from.at + mostRestBytes));
    const more = this.#from.left - mostRestBytes;
    return more > 0 ? `${shown}... and ${more} more bytes` : shown;
  }

  #tooLong(name: string, sizeBytes: number): never {
    throw new Misfit(
      `the description gives ${name} ${sizeBytes} bytes, ${this.#from.left} are left`,
      this.#from.at,
    );
  }

  #step(name: string): void {
    this.#steps += 1;
    const most = stepsFor(this.#from.bytes.length);
    if (this.#steps > most) {
      throw new Misfit(`${name}: more than ${most} values in one section`, this.#from.at);
    }
  }

  #remark(text: string, offset: number): void {
    if (this.#remarks.length < mostRemarks) this.#remarks.push({ offset, text });
  }
}
