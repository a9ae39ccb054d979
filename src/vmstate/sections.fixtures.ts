/**
 * Finds device sections in a real stream the simple way, for tests: the description at the end
 * lists the devices in file order, and each one's section header is a pattern that is searched for.
 * Knows nothing of RAM or of footers' absence.
 */
import { readDevice } from './description.js';
import type { DeviceDescription } from './description.js';
import { outlineOf, parsePiece } from './outline.js';

export interface FoundSection {
  readonly description: DeviceDescription;
  readonly payload: Buffer;
}

export interface FoundState {
  readonly text: Buffer;
  readonly sections: readonly FoundSection[];
}

const footerBytes = 5;

/**
 * The last place where end of elements and description follow each other, with the description
 * reaching the end.
 */
function findDescription(file: Buffer): { eof: number; text: Buffer } {
  for (let at = file.length; ;) {
    at = file.lastIndexOf(Buffer.from([0x00, 0x06]), at - 1);
    if (at < 0) throw new Error('there is no description of the device state');
    if (at + 6 + file.readUInt32BE(at + 2) === file.length) {
      return { eof: at, text: file.subarray(at + 6) };
    }
  }
}

function headerOf(name: string, instance: number, version: number): Buffer {
  const header = Buffer.alloc(1 + name.length + 8);
  header.writeUInt8(name.length, 0);
  header.write(name, 1, 'latin1');
  header.writeUInt32BE(instance, 1 + name.length);
  header.writeUInt32BE(version, 5 + name.length);
  return header;
}

export function findSections(file: Buffer): FoundState {
  const { eof, text } = findDescription(file);
  const devices = outlineOf(text).devices.map((piece) =>
    readDevice(parsePiece(text, piece), piece.start),
  );
  let at = 0;
  const starts = devices.map(({ name, instance, structure }) => {
    const header = headerOf(name, instance, structure.version);
    // Section type and id come before the name.
    at = file.indexOf(header, at);
    if (at < 0) throw new Error(`there is no section of ${name}, instance ${instance}`);
    at += header.length;
    return { header: at - header.length - 5, payload: at };
  });
  const sections = devices.map((description, index) => {
    const next = starts[index + 1]?.header ?? eof;
    return { description, payload: file.subarray(starts[index]?.payload, next - footerBytes) };
  });
  return { text, sections };
}
