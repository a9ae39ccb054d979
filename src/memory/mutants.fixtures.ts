/**
 * Damage made on purpose to real files, without the parser's help: pages are found in a file by
 * their content, and stamps are written here by a slow twin of what guests and the checker use.
 */

/** a page of guest memory and the only place in the files where its content stands */
export interface StoredPage {
  readonly address: number;
  readonly file: number;
  readonly offset: number;
}

/**
 * The only place in `files` where `content` stands; undefined if there is none or more than one.
 */
export function onlyPlaceOf(
  content: Buffer,
  files: readonly Buffer[],
): { file: number; offset: number } | undefined {
  const places = files.flatMap((bytes, file) => {
    const first = bytes.indexOf(content);
    if (first < 0) return [];
    const second = bytes.indexOf(content, first + 1);
    return second < 0
      ? [{ file, offset: first }]
      : [
          { file, offset: first },
          { file, offset: second },
        ];
  });
  return places.length === 1 ? places[0] : undefined;
}

/** the files with one bit turned over in one of them */
export function flipped(
  files: readonly Buffer[],
  file: number,
  offset: number,
  bit: number,
): Buffer[] {
  return files.map((bytes, index) => {
    if (index !== file) return bytes;
    const copy = Buffer.from(bytes);
    copy[offset] = (copy[offset] ?? 0) ^ (1 << bit);
    return copy;
  });
}

/**
 * a plain record of the same block as the one before it: 8 bytes with flags page and continue, then
 * the page
 */
export function plainRecord(
  bytes: Buffer,
  pageOffset: number,
  pageBytes: number,
): { start: number; end: number } | undefined {
  const start = pageOffset - 8;
  const word = start >= 0 ? bytes.readBigUInt64BE(start) : 0n;
  const isPlain = (word & BigInt(pageBytes - 1)) === 0x28n;
  return isPlain ? { start, end: pageOffset + pageBytes } : undefined;
}

const packetMark = Buffer.from('1122334400000001', 'hex');

/** The packets of a multifd channel but the first, which is its greeting; none in other files. */
export function channelPackets(bytes: Buffer): { start: number; end: number }[] {
  if (!bytes.subarray(0, packetMark.length).equals(packetMark)) return [];
  const starts: number[] = [];
  for (let at = bytes.indexOf(packetMark, 1); at >= 0; at = bytes.indexOf(packetMark, at + 1)) {
    starts.push(at);
  }
  return starts.map((start, index) => ({ start, end: starts[index + 1] ?? bytes.length }));
}

/**
 * mapped-ram: where a page's bit is, in a bitmap of a little-endian host at `bitmap` for a block at
 * `base`
 */
export const bitOfPage =
  (bitmap: number, base: number, pageBytes: number) =>
  (address: number): { offset: number; bit: number } => {
    const page = (address - base) / pageBytes;
    return { offset: bitmap + Math.floor(page / 8), bit: page % 8 };
  };
