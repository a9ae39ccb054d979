/**
 * What says of a page's content where it belongs, in each kind of recording: the record's own head,
 * a list in the head of a multifd packet, a bit of a file's bitmap.
 */
import type { Edit } from './edit.js';
import { replacement } from './edit.js';
import type { RecordedPage, RecordedPages } from './recorded-pages.js';

/** The page's content is not sent. @returns undefined where that takes more than an edit */
export async function leaveOut(
  pages: RecordedPages,
  page: RecordedPage,
): Promise<Edit[] | undefined> {
  switch (pages.recording.kind) {
    case 'precopy': {
      const record = await plainRecord(pages, page);
      if (record === undefined) return undefined;
      const remove = wordBytes + pages.pageBytes(page);
      return [{ file: page.input, at: record.at, remove, insert: Buffer.alloc(0) }];
    }
    case 'multifd': {
      const packet = await packetOf(pages, page);
      const bytes = pages.pageBytes(page);
      if (packet === undefined || packet.normal < 2) return undefined;
      const counts = Buffer.alloc(8);
      counts.writeUInt32BE(packet.normal - 1, 0);
      counts.writeUInt32BE((packet.normal - 1) * bytes, 4);
      // the places behind it move up
      const at = packet.at + placesAt + packet.index * wordBytes;
      const behind = (packet.normal + packet.zero - packet.index - 1) * wordBytes;
      const moved = await pages.recording.image.readInput(page.input, at + wordBytes, behind);
      return [
        replacement(page.input, packet.at + normalAt, counts),
        replacement(page.input, at, Buffer.concat([moved, Buffer.alloc(wordBytes)])),
        { file: page.input, at: page.fileOffset, remove: bytes, insert: Buffer.alloc(0) },
      ];
    }
    case 'mapped-ram': {
      const block = pages.recording.image.report?.blocks[page.block];
      if (block === undefined) return undefined;
      const number = page.offset / pages.pageBytes(page);
      const at = block.bitmapOffset + Math.floor(number / 8);
      const [byte = 0] = await pages.recording.image.readInput(page.input, at, 1);
      return [replacement(page.input, at, Buffer.of(byte & ~(1 << (number % 8))))];
    }
  }
}

/** The page's content is sent as that of another page of its block. */
export async function sendElsewhere(
  pages: RecordedPages,
  page: RecordedPage,
  other: RecordedPage,
): Promise<Edit[] | undefined> {
  switch (pages.recording.kind) {
    case 'precopy': {
      const record = await plainRecord(pages, page);
      if (record === undefined) return undefined;
      const word = Buffer.alloc(wordBytes);
      word.writeBigUInt64BE(BigInt(other.offset) | record.flags);
      return [replacement(page.input, record.at, word)];
    }
    case 'multifd': {
      const packet = await packetOf(pages, page);
      if (packet === undefined) return undefined;
      const place = Buffer.alloc(wordBytes);
      place.writeBigUInt64BE(BigInt(other.offset));
      return [replacement(page.input, packet.at + placesAt + packet.index * wordBytes, place)];
    }
    case 'mapped-ram':
      // Where a page lies in the file is where it belongs.
      return undefined;
  }
}

const wordBytes = 8;
/** of a page record that goes on in the block of the one before it */
const plainFlags = 0x28n;

/** The page's record; undefined where that names its block, or is of another kind. */
async function plainRecord(
  pages: RecordedPages,
  page: RecordedPage,
): Promise<{ readonly at: number; readonly flags: bigint } | undefined> {
  const at = page.fileOffset - wordBytes;
  const word = (await pages.recording.image.readInput(page.input, at, wordBytes)).readBigUInt64BE();
  const mask = BigInt(pages.pageBytes(page) - 1);
  return (word & mask) === plainFlags && word - plainFlags === BigInt(page.offset)
    ? { at, flags: plainFlags }
    : undefined;
}

/** magic and version */
const packetMark = Buffer.from('1122334400000001', 'hex');
/** where in the head the number of pages with content is, before the size of the payload */
const normalAt = 16;
const zeroAt = 32;
/** where the list of the pages' places begins */
const placesAt = 320;
/** room in that list, whatever the size of pages */
const listedBytes = 524_288;

interface Packet {
  readonly at: number;
  /** pages with content, and of zeroes */
  readonly normal: number;
  readonly zero: number;
  /** which of the pages with content it is */
  readonly index: number;
}

/** The packet that a page came in, found backwards from its content. */
async function packetOf(pages: RecordedPages, page: RecordedPage): Promise<Packet | undefined> {
  const { image } = pages.recording;
  const bytes = pages.pageBytes(page);
  const room = listedBytes / bytes;
  const headBytes = placesAt + room * wordBytes;
  for (let index = 0; index < room; index++) {
    const at = page.fileOffset - index * bytes - headBytes;
    if (at < 0) return undefined;
    const head = await image.readInput(page.input, at, headBytes);
    if (!head.subarray(0, packetMark.length).equals(packetMark)) continue;
    const place = head.readBigUInt64BE(placesAt + index * wordBytes);
    const normal = head.readUInt32BE(normalAt);
    if (place !== BigInt(page.offset) || index >= normal) return undefined;
    return { at, normal, zero: head.readUInt32BE(zeroAt), index };
  }
  return undefined;
}
