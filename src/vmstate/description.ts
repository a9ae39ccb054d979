/**
 * Reads and checks the description of a device: names are strings, sizes are counts. The shape is
 * that of the JSON that QEMU writes after the device state; it ignores unknown members. Pure.
 */
import { asArray, asNumber, asString, isObject } from '../model/json.js';
import type { Json } from '../model/json.js';
import { DescriptionError } from './outline.js';
import { elementKey } from './repeated-keys.js';

/** A structure: fields in the order of their bytes, then the subsections that were sent. */
export interface Structure {
  readonly name: string;
  readonly version: number;
  readonly fields: readonly Field[];
  readonly subsections: readonly Structure[];
}

export interface Field {
  readonly name: string;
  /** the type name that QEMU gives: `uint32`, `struct`, `timer`, ... */
  readonly type: string;
  /** bytes of one element, as the writer states it */
  readonly sizeBytes: number;
  /** undefined for a field that is no array */
  readonly arrayLength?: number;
  /** of an element, or the first of a run of elements, of an array that QEMU describes in pieces */
  readonly index?: number;
  /**
   * for structures and other containers with a description of their content: one, or for lists one
   * for each element
   */
  readonly structures: readonly Structure[];
}

export interface DeviceDescription {
  /** the name of its section */
  readonly name: string;
  readonly instance: number;
  /** absent for devices without a VMStateDescription: they have one field without structure */
  readonly sizeBytes?: number;
  readonly structure: Structure;
}

/** A larger length is wrong: the lengths in a stream have 32 bits. */
const largestNumber = 0xffffffff;

export function readDevice(json: unknown, offset: number): DeviceDescription {
  if (!isObject(json)) throw new DescriptionError('a device is not described by an object', offset);
  const name = asString(json['name']);
  if (name === undefined) throw new DescriptionError('a device has no name', offset);
  const sizeBytes = optionalCount(json['size'], `device ${name}: size`, offset);
  return {
    name,
    instance: optionalCount(json['instance_id'], `device ${name}: instance_id`, offset) ?? 0,
    sizeBytes,
    structure: readStructure(json, name, offset),
  };
}

function readStructure(json: unknown, within: string, offset: number, element = 1): Structure {
  const object = isObject(json) ? json : {};
  const member = (key: string): Json | undefined => object[elementKey(key, element)];
  const name = asString(member('vmsd_name')) ?? '';
  const path = name === '' ? within : name;
  return {
    name,
    version: asNumber(member('version')) ?? 0,
    fields: asArray(member('fields')).map((field) => readField(field, path, offset)),
    subsections: asArray(member('subsections')).map((part) => readStructure(part, path, offset)),
  };
}

function readField(json: unknown, within: string, offset: number): Field {
  if (!isObject(json)) {
    throw new DescriptionError(`${within}: a field is not described by an object`, offset);
  }
  const name = asString(json['name']) ?? '';
  const path = `${within}, field ${name}`;
  const arrayLength = optionalCount(json['array_len'], `${path}: array_len`, offset);
  const index = optionalCount(json['index'], `${path}: index`, offset);
  // A structure is a member `struct`; a temporary one has its fields among the members of the
  // field.
  const inner = isObject(json['struct']) ? json['struct'] : json;
  const structures: Structure[] = [];
  while (Array.isArray(inner[elementKey('fields', structures.length + 1)])) {
    structures.push(readStructure(inner, path, offset, structures.length + 1));
  }
  return {
    name,
    type: asString(json['type']) ?? '',
    sizeBytes: optionalCount(json['size'], `${path}: size`, offset) ?? 0,
    arrayLength,
    index,
    structures,
  };
}

function optionalCount(value: unknown, what: string, offset: number): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > largestNumber) {
    const shown = JSON.stringify(value);
    throw new DescriptionError(`${what} is ${shown.slice(0, 40)}, not a count`, offset);
  }
  return value;
}
