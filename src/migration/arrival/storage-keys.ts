/** The section in which s390x keeps its storage keys. Pure. */

/** Words of 64 bits, big-endian: an address and what follows it, or the end. */
const keyWord = { flags: 0xfffn, keys: 2n, end: 1n } as const;

export function hasStorageKeys(section: Buffer): boolean {
  return section.length !== 8 || section.readBigUInt64BE(0) !== keyWord.end;
}

/** Each range of keys has its address, the number of its pages, and a byte for each page. */
export function haveNoValue(section: Buffer): boolean {
  let at = 0;
  while (at + 16 <= section.length) {
    if ((section.readBigUInt64BE(at) & keyWord.flags) !== keyWord.keys) break;
    const end = at + 16 + Number(section.readBigUInt64BE(at + 8));
    if (section.subarray(at + 16, end).some((key) => key !== 0)) return false;
    at = end;
  }
  return at > 0 && at + 8 === section.length && !hasStorageKeys(section.subarray(at));
}
