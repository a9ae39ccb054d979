/**
 * Finds the devices in a stream's own description of its device state (the JSON at its end) without
 * parsing it as a whole: each device is parsed alone, so memory use depends on the largest device,
 * not on the file. The text is untrusted: this file limits depth and counts. The caller's parser
 * finds out whether a device's piece is valid JSON. native/core/stream/description.cc reads the
 * same JSON for sizes only, to walk streams without footers.
 */
import { numberElements } from './repeated-keys.js';

/** A part of the text, [start, end). */
export interface Piece {
  readonly start: number;
  readonly end: number;
}

export interface Outline {
  /** the target page size, as the writer states it */
  readonly pageBytes?: number;
  readonly configuration?: Piece;
  readonly devices: readonly Piece[];
}

/** Why a description cannot be used, and where in its text. */
export class DescriptionError extends Error {
  override readonly name = 'DescriptionError';
  readonly offset: number;

  constructor(reason: string, offset: number) {
    super(reason);
    this.offset = offset;
  }
}

/** QEMU's own stay below 20. */
const deepest = 64;
/** Far more than a machine can have; each costs a few words here. */
const mostDevices = 100_000;
/** Everything but the devices is short. */
const largestOtherBytes = 64 * 1024;

const byte = (character: string): number => character.charCodeAt(0);
const quote = byte('"');
const backslash = byte('\\');
const comma = byte(',');
const colon = byte(':');
const openBrace = byte('{');
const closeBrace = byte('}');
const openBracket = byte('[');
const closeBracket = byte(']');

export function outlineOf(text: Buffer): Outline {
  const outline: { pageBytes?: number; configuration?: Piece; devices: Piece[] } = { devices: [] };
  const end = members(text, 0, (key, value) => {
    if (key === 'devices') {
      outline.devices = elements(text, value);
      return;
    }
    if (value.end - value.start > largestOtherBytes) {
      throw new DescriptionError(`the description's ${key.slice(0, 40)} is too long`, value.start);
    }
    const parsed = parsePiece(text, value);
    if (key === 'configuration') outline.configuration = value;
    else if (key === 'page_size' && typeof parsed === 'number') outline.pageBytes = parsed;
  });
  const rest = skipSpace(text, end);
  if (rest < text.length) throw new DescriptionError('text follows the description', rest);
  return outline;
}

/** Parses one piece of the outline. Keys that repeat are numbered, see repeated-keys.ts. */
export function parsePiece(text: Buffer, { start, end }: Piece): unknown {
  try {
    return JSON.parse(numberElements(text.toString('utf8', start, end))) as unknown;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new DescriptionError(`the description is not JSON here (${why.slice(0, 100)})`, start);
  }
}

/** Calls `member` for each member of the object at `at`; gives the position after it. */
function members(text: Buffer, from: number, member: (key: string, value: Piece) => void): number {
  let at = expect(text, skipSpace(text, from), openBrace);
  at = skipSpace(text, at);
  if (text[at] === closeBrace) return at + 1;
  for (;;) {
    const keyEnd = skipString(text, at);
    const key = String(parsePiece(text, { start: at, end: keyEnd }));
    const start = skipSpace(text, expect(text, skipSpace(text, keyEnd), colon));
    const end = skipValue(text, start);
    member(key, { start, end });
    at = skipSpace(text, end);
    if (text[at] === closeBrace) return at + 1;
    at = skipSpace(text, expect(text, at, comma));
  }
}

function elements(text: Buffer, { start }: Piece): Piece[] {
  const found: Piece[] = [];
  let at = skipSpace(text, expect(text, start, openBracket));
  if (text[at] === closeBracket) return found;
  for (;;) {
    const end = skipValue(text, at);
    if (found.length === mostDevices) {
      throw new DescriptionError(`more than ${mostDevices} devices are described`, at);
    }
    found.push({ start: at, end });
    at = skipSpace(text, end);
    if (text[at] === closeBracket) return found;
    at = skipSpace(text, expect(text, at, comma));
  }
}

/**
 * The position after the value at `at`. Only counts brackets; the parser checks that they match.
 */
function skipValue(text: Buffer, from: number): number {
  let depth = 0;
  let at = from;
  while (at < text.length) {
    switch (text[at]) {
      case quote:
        at = skipString(text, at);
        break;
      case openBrace:
      case openBracket:
        depth += 1;
        if (depth > deepest) {
          throw new DescriptionError(`the description is nested more than ${deepest} deep`, at);
        }
        at += 1;
        break;
      case closeBrace:
      case closeBracket:
        // An enclosing object's end: a bare number or word ends here.
        if (depth === 0) return at;
        depth -= 1;
        at += 1;
        break;
      case comma:
        if (depth === 0) return at;
        at += 1;
        continue;
      default:
        at += 1;
        continue;
    }
    if (depth === 0) return at;
  }
  throw new DescriptionError('the description ends in the middle of a value', text.length);
}

function skipString(text: Buffer, from: number): number {
  let at = expect(text, from, quote);
  while (at < text.length) {
    if (text[at] === quote) return at + 1;
    at += text[at] === backslash ? 2 : 1;
  }
  throw new DescriptionError('the description ends in the middle of a string', text.length);
}

function skipSpace(text: Buffer, from: number): number {
  let at = from;
  while (text[at] === 0x20 || text[at] === 0x09 || text[at] === 0x0a || text[at] === 0x0d) at += 1;
  return at;
}

function expect(text: Buffer, at: number, wanted: number): number {
  if (text[at] === wanted) return at + 1;
  const found = at < text.length ? `'${String.fromCharCode(text[at] ?? 0)}'` : 'its end';
  throw new DescriptionError(
    `the description has ${found} where '${String.fromCharCode(wanted)}' belongs`,
    at,
  );
}
