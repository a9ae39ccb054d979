/**
 * Decodes device state: reads the bytes of one section along the description (vmdesc) in the same stream.
 *
 * The stream itself, not the description, says where the section ends. If the description does not fit the bytes (older
 * QEMUs describe arrays of pointers wrongly), the result has what was decoded up to there, the rest as bytes, and a
 * remark. The section's length limits work and output, whatever lengths and counts the description claims. Pure.
 */
import type { Json } from '../model/json.js';
import type { Field, Structure } from './description.js';
import { hexOf, leafOf } from './leaves.js';
import { Members } from './members.js';

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

const subsectionMark = 0x05;
const mostRemarks = 20;
/**
 * Values and structures in one section: several for each byte, which is more than real devices have. So the section's length limits
 * work and output, even if the description says that elements have no length.
 */
const mostSteps = 500_000;
const stepsFor = (bytes: number): number => Math.min(mostSteps, 512 + 4 * bytes);
/** Longer arrays of plain values, such as the table of an IOMMU, stay bytes: a value each would take much memory. */
const longestList = 16_384;
/** Bytes without a description are shown up to here. */
const mostRestBytes = 64 * 1024;

/** Thrown and caught in this file only. */
class Misfit extends Error {
  readonly offset: number;

  constructor(text: string, offset: number) {
    super(text);
    this.offset = offset;
  }
}

export function decodeState(structure: Structure, payload: Buffer): DecodedState {
  return new Walk(payload).section(structure);
}

class Walk {
  readonly #bytes: Buffer;
  #at = 0;
  #steps = 0;
  readonly #remarks: Remark[] = [];

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  section(structure: Structure): DecodedState {
    const state = new Members();
    let whole = true;
    try {
      this.#structure(structure, state);
    } catch (error) {
      if (!(error instanceof Misfit)) throw error;
      whole = false;
      this.#remark(error.message, error.offset);
    }
    if (this.#left > 0) {
      if (whole) this.#remark(`${this.#left} bytes are not described`, this.#at);
      whole = false;
      state.add('(not described)', this.#rest());
    }
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
    if (sizeBytes * count > this.#left) this.#tooLong(name, sizeBytes * count);
    if (field.type === 'uint8' && sizeBytes === 1 && index === undefined) {
      // An array of bytes reads better as bytes, and would otherwise cost a value for each.
      into.add(name, hexOf(this.#take(count)));
      return;
    }
    if (count > longestList && field.structure === undefined) {
      into.add(name, { type: field.type, count, bytes: hexOf(this.#take(sizeBytes * count)) });
      return;
    }
    // Elements that are described one by one, or in runs, follow each other under one name.
    const array = into.arrayFor(name, index ?? 0);
    if (index !== undefined && array.length !== index) {
      throw new Misfit(`${name}: element ${index} is described after ${array.length}`, this.#at);
    }
    for (let done = 0; done < count; done++) {
      this.#element(field, (value) => {
        array.push(value);
      });
    }
  }

  /** A field that is no array, or one element. `keep` is called before a structure is filled. */
  #element(field: Field, keep: (value: Json) => void): void {
    const { name, type, sizeBytes, structure } = field;
    this.#step(name);
    if (structure === undefined) {
      if (sizeBytes > this.#left) this.#tooLong(name, sizeBytes);
      keep((leafOf(type, sizeBytes) ?? hexOf)(this.#take(sizeBytes)));
      return;
    }
    const before = this.#at;
    const members = new Members();
    keep(members.values);
    this.#structure(structure, members);
    const taken = this.#at - before;
    if (taken !== sizeBytes) {
      this.#remark(`${name} is said to have ${sizeBytes} bytes, and has ${taken}`, before);
    }
  }

  #subsection(part: Structure, into: Members): void {
    const before = this.#at;
    const nameLength = this.#bytes[before + 1] ?? 0;
    const headerBytes = 2 + nameLength + 4;
    const found =
      this.#bytes[before] === subsectionMark && headerBytes <= this.#left
        ? this.#bytes.toString('latin1', before + 2, before + 2 + nameLength)
        : undefined;
    if (found !== part.name) {
      const instead = found === undefined ? 'there is none' : `there is '${found}'`;
      throw new Misfit(`subsection ${part.name} is described, but ${instead}`, before);
    }
    this.#step(part.name);
    this.#at += headerBytes;
    const members = new Members();
    into.add(part.name, members.values);
    this.#structure(part, members);
  }

  get #left(): number {
    return this.#bytes.length - this.#at;
  }

  #take(sizeBytes: number): Buffer {
    const bytes = this.#bytes.subarray(this.#at, this.#at + sizeBytes);
    this.#at += sizeBytes;
    return bytes;
  }

  #rest(): string {
    const shown = hexOf(this.#bytes.subarray(this.#at, this.#at + mostRestBytes));
    const more = this.#left - mostRestBytes;
    return more > 0 ? `${shown}... and ${more} more bytes` : shown;
  }

  #tooLong(name: string, sizeBytes: number): never {
    throw new Misfit(
      `${name} is said to have ${sizeBytes} bytes, ${this.#left} are left`,
      this.#at,
    );
  }

  #step(name: string): void {
    this.#steps += 1;
    const most = stepsFor(this.#bytes.length);
    if (this.#steps > most) {
      throw new Misfit(`${name}: more than ${most} values in one section`, this.#at);
    }
  }

  #remark(text: string, offset: number): void {
    if (this.#remarks.length < mostRemarks) this.#remarks.push({ offset, text });
  }
}
