/**
 * The device state of a migration stream, one section after the other, decoded along the stream's
 * own description. Only one device is in memory at a time, and a section that is too large for a
 * device is not decoded.
 */
import type { MemoryImage } from './image.js';
import type { SectionReport } from '../native/stream-report.js';
import type { Json } from '../model/json.js';
import { decodeState } from '../vmstate/decode.js';
import type { DecodedState } from '../vmstate/decode.js';
import { readDevice } from '../vmstate/description.js';
import { DescriptionError, outlineOf, parsePiece } from '../vmstate/outline.js';
import type { Piece } from '../vmstate/outline.js';

/** QEMU's descriptions have 100 KB for a small machine and grow with its processors. */
const largestDescriptionBytes = 16 * 1024 ** 2;
const largestPieceBytes = 2 * 1024 ** 2;
const largestPayloadBytes = 4 * 1024 ** 2;

export interface DescribedDevices {
  readonly text: Buffer;
  /** pieces of the text by section name and instance, in file order */
  readonly pieces: ReadonlyMap<string, readonly Piece[]>;
}

/** The description, or why it cannot be used. */
export type Description = DescribedDevices | { readonly problem: string };

export interface DeviceState {
  readonly section: SectionReport;
  /** null when it cannot be decoded; `remarks` say why */
  readonly state: Json;
  readonly whole: boolean;
  readonly remarks: readonly string[];
}

export function deviceSections(image: MemoryImage): SectionReport[] {
  return (image.report?.sections ?? []).filter(({ role }) => role === 'device');
}

const keyOf = (name: string, instance: number): string => `${instance} ${name}`;

/** Section names are bytes; the description, being JSON, has them as UTF-8. */
const sectionKey = ({ name, instance }: SectionReport): string =>
  keyOf(Buffer.from(name, 'latin1').toString('utf8'), instance);

export async function readDescription(image: MemoryImage): Promise<Description> {
  const { report } = image;
  if (report === null) return { problem: 'only migration streams hold device state' };
  const { vmdescLength, vmdescOffset, mainInput } = report;
  if (vmdescLength === 0) return { problem: 'the stream has no description of its device state' };
  if (vmdescLength > largestDescriptionBytes) {
    return {
      problem: `its description of the device state has ${vmdescLength} bytes, too many to use`,
    };
  }
  const text = await image.readInput(mainInput, vmdescOffset, vmdescLength);
  try {
    const pieces = new Map<string, Piece[]>();
    for (const piece of outlineOf(text).devices) {
      const key = headKey(text, piece);
      const known = pieces.get(key);
      if (known === undefined) pieces.set(key, [piece]);
      else known.push(piece);
    }
    return { text, pieces };
  } catch (error) {
    if (!(error instanceof DescriptionError)) throw error;
    const at = vmdescOffset + error.offset;
    return {
      problem: `its description of the device state is of no use: ${error.message}, at offset ${at}`,
    };
  }
}

function headKey(text: Buffer, piece: Piece): string {
  if (piece.end - piece.start > largestPieceBytes) {
    throw new DescriptionError('one device is described by more text than any has', piece.start);
  }
  const { name, instance } = readDevice(parsePiece(text, piece), piece.start);
  return keyOf(name, instance);
}

/** A section, and which of those with its name and instance it is. */
export interface NumberedSection {
  readonly key: string;
  readonly section: SectionReport;
  readonly index: number;
}

export function numberedSections(image: MemoryImage): NumberedSection[] {
  const seen = new Map<string, number>();
  return deviceSections(image).map((section) => {
    const key = sectionKey(section);
    const index = seen.get(key) ?? 0;
    seen.set(key, index + 1);
    return { key, section, index };
  });
}

export async function* deviceStates(
  image: MemoryImage,
  description: Description,
): AsyncGenerator<DeviceState> {
  for (const numbered of numberedSections(image)) {
    yield await deviceState(image, description, numbered);
  }
}

export async function deviceState(
  image: MemoryImage,
  description: Description,
  { key, section, index }: NumberedSection,
): Promise<DeviceState> {
  if ('problem' in description) return undecoded(section, description.problem);
  const piece = description.pieces.get(key)?.[index];
  if (piece === undefined) return undecoded(section, 'the description does not mention it');
  if (section.length > largestPayloadBytes) {
    return undecoded(
      section,
      `${section.length} bytes are too many to decode (--extract has them)`,
    );
  }
  return { section, ...(await decoded(image, section, description.text, piece)) };
}

async function decoded(
  image: MemoryImage,
  section: SectionReport,
  text: Buffer,
  piece: Piece,
): Promise<Omit<DeviceState, 'section'>> {
  const input = image.report?.mainInput ?? 0;
  const payload = await image.readInput(input, section.offset, section.length);
  const { structure } = readDevice(parsePiece(text, piece), piece.start);
  const found: DecodedState = decodeState(structure, payload);
  return {
    state: found.state,
    whole: found.whole,
    remarks: found.remarks.map(
      ({ offset, text: remark }) => `${remark}, at offset ${section.offset + offset}`,
    ),
  };
}

function undecoded(section: SectionReport, why: string): DeviceState {
  return { section, state: null, whole: false, remarks: [why] };
}
