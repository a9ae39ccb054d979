/** Compares two decoded states field by field. Pure. */
import type { Json } from '../model/json.js';
import { isObject } from '../model/json.js';
import { printableLine } from '../model/text/printable.js';

export interface FieldDifference {
  /** names and indexes from the device down, such as `env.regs[3]` */
  readonly path: string;
  /** undefined where that side has no such field */
  readonly a: Json | undefined;
  readonly b: Json | undefined;
}

export interface Differences {
  readonly total: number;
  /** the first of them */
  readonly fields: readonly FieldDifference[];
}

export function compareStates(a: Json, b: Json, limit: number): Differences {
  const fields: FieldDifference[] = [];
  let total = 0;
  const note = (path: string, left: Json | undefined, right: Json | undefined): void => {
    total += 1;
    if (fields.length < limit) fields.push({ path, a: left, b: right });
  };
  compare('', a, b, note);
  return { total, fields };
}

type Note = (path: string, a: Json | undefined, b: Json | undefined) => void;

/** Decoded states are at most as deep as descriptions may be, so recursion is bounded. */
function compare(path: string, a: Json | undefined, b: Json | undefined, note: Note): void {
  if (a === b) return;
  if (isObject(a) && isObject(b)) {
    for (const name of Object.keys(a)) compare(below(path, name), a[name], b[name], note);
    for (const name of Object.keys(b)) {
      if (!Object.hasOwn(a, name)) note(below(path, name), undefined, b[name]);
    }
  } else if (isList(a) && isList(b)) {
    const length = Math.max(a.length, b.length);
    for (let index = 0; index < length; index++) {
      compare(`${path}[${index}]`, a[index], b[index], note);
    }
  } else note(path, a, b);
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

function below(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

/** longer values are cut; most are buffers in hexadecimal, whose beginnings would say nothing */
const longestValue = 60;
const shownBytes = 8;

/** Both values of a field that differs, for people: of two buffers the first bytes that differ. */
export function valueTexts({ a, b }: Pick<FieldDifference, 'a' | 'b'>): [string, string] {
  const [first, second] = [valueText(a), valueText(b)];
  const areBuffers = [first, second].every((text) => /^[0-9a-f]{60,}$/.test(text));
  if (!areBuffers) return [shortened(first), shortened(second)];
  let at = 0;
  while (first[at] === second[at]) at += 1;
  const byte = Math.floor(at / 2);
  const piece = (text: string): string =>
    `${printableLine(text.slice(2 * byte, 2 * (byte + shownBytes)))} from byte ${byte} of ${text.length / 2}`;
  return [piece(first), piece(second)];
}

function valueText(value: Json | undefined): string {
  if (value === undefined) return 'absent';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function shortened(text: string): string {
  if (text.length <= longestValue) return printableLine(text);
  return `${printableLine(text.slice(0, longestValue - 20))}... (${text.length} characters)`;
}
