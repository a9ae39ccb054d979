// A migration stream's records in plain JavaScript, pages stepped over: what reading such a file through a buffer costs.
// Knows the streams of engine-floor.cc and no others.
import { closeSync, openSync, readSync } from 'node:fs';

const pageBytes = 4096;

/** How many pages there are. */
export function readRecords(file) {
  const fd = openSync(file, 'r');
  const buffer = Buffer.alloc(1 << 20);
  let pages = 0;
  try {
    let held = 0;
    let at = 0;
    let place = 0;
    const need = (count) => {
      if (held - at >= count) return true;
      buffer.copy(buffer, 0, at, held);
      held -= at;
      at = 0;
      const got = readSync(fd, buffer, held, buffer.length - held, place);
      place += got;
      held += got;
      return held >= count;
    };
    const skipTo = (mark) => {
      need(1 << 16);
      at = buffer.indexOf(mark, at) + mark.length;
    };
    skipTo(Buffer.from('pc.ram'));
    at += 8 + 8 + 5 + 5; // the block's length, the end of the chunk, its footer, the next chunk's head
    while (need(8)) {
      const low = buffer.readUInt32BE(at + 4);
      at += 8;
      const flags = low & 0xfff;
      if (flags === 0x10) {
        need(10);
        if (buffer[at + 5] !== 2) break;
        at += 10;
        continue;
      }
      if ((flags & 0x20) === 0) at += 1 + buffer[at];
      if (!need(pageBytes)) throw new Error('cut short');
      pages += buffer[at] >= 0 ? 1 : 0;
      at += pageBytes;
    }
  } finally {
    closeSync(fd);
  }
  return pages;
}
