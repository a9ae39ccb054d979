/** The subsections at the end of a virtio device's state. Pure. */
import type { Json } from '../../model/json.js';
import { Cursor, Misfit, subsectionAt } from '../cursor.js';
import { hex64 } from '../leaves.js';
import { featureFlags } from './names.js';

const family = 'virtio/';
/** VIRTIO_QUEUE_MAX: QEMU writes a row for each, also for queues that the device does not have. */
const queueRows = 1024;
/**
 * Places that look like a subsection. Only a guest that writes such texts into its addresses makes
 * more than a few.
 */
const mostTries = 64;

interface Layout {
  /** undefined: as long as it is */
  readonly sizeBytes?: number;
  readonly read: (cursor: Cursor, device: string) => Json;
}

/** One row for each queue. `unused` is the row of a queue that nobody uses, if it is not zero. */
function rows(sizeBytes: number, read: (row: Cursor) => Json, unused?: string): Layout {
  return {
    sizeBytes: sizeBytes * queueRows,
    read: (cursor) => allRows(cursor, sizeBytes, read, unused),
  };
}

/** Rows of unused queues at the end are left out. */
function allRows(
  cursor: Cursor,
  sizeBytes: number,
  read: (row: Cursor) => Json,
  unused = '',
): Json {
  const all = cursor.take(sizeBytes * queueRows);
  const idle = [Buffer.alloc(sizeBytes), Buffer.from(unused, 'hex')];
  const isIdle = (index: number): boolean => {
    const row = all.subarray(index * sizeBytes, (index + 1) * sizeBytes);
    return idle.some((one) => one.equals(row));
  };
  let count = queueRows;
  while (count > 0 && isIdle(count - 1)) count -= 1;
  const row = new Cursor(all);
  return Array.from({ length: count }, () => read(row));
}

const flag: Layout = { sizeBytes: 1, read: (cursor) => cursor.bool() };

const layouts: Readonly<Record<string, Layout>> = {
  'virtio/device_endian': {
    sizeBytes: 1,
    read: (cursor) => {
      const value = cursor.u8();
      return ['unknown', 'little', 'big'][value] ?? value;
    },
  },
  'virtio/64bit_features': {
    sizeBytes: 8,
    read: (cursor, device) => featureFlags(cursor.u64(), device),
  },
  'virtio/virtqueues': rows(16, (row) => ({ avail: hex64(row.u64()), used: hex64(row.u64()) })),
  'virtio/ringsize': rows(4, (row) => row.u32()),
  'virtio/packed_virtqueues': rows(
    10,
    (row) => ({
      last_avail_idx: row.u16(),
      last_avail_wrap_counter: row.bool(),
      used_idx: row.u16(),
      used_wrap_counter: row.bool(),
      inuse: row.u32(),
    }),
    // Both wrap counters begin with 1.
    '00000100000100000000',
  ),
  'virtio/broken': flag,
  'virtio/started': flag,
  'virtio/disabled': flag,
  'virtio/extra_state': { read: extraState },
};

/**
 * Of a modern PCI device: what its driver has written into the registers. A legacy one has none.
 */
function extraState(cursor: Cursor): Json {
  if (cursor.left === 0) return {};
  const modern = subsectionAt(cursor.bytes, cursor.at);
  if (modern?.name !== 'virtio_pci/modern_state') throw new Misfit('no known state', cursor.at);
  cursor.at = modern.end;
  const words = (): bigint => BigInt(cursor.u32()) | (BigInt(cursor.u32()) << 32n);
  return {
    [modern.name]: {
      device_feature_select: cursor.u32(),
      driver_feature_select: cursor.u32(),
      guest_features: hex64(words()),
      queues: allRows(cursor, 28, (row) => modernQueue(row)),
    },
  };
}

function modernQueue(row: Cursor): Json {
  const words = (): string => hex64(BigInt(row.u32()) | (BigInt(row.u32()) << 32n));
  const num = row.u16();
  row.u8();
  return { num, enabled: row.bool(), desc: words(), avail: words(), used: words() };
}

/**
 * The next place at or behind `from` that looks like one of the family; the end if there is none.
 */
function nextHeader(bytes: Buffer, from: number): number {
  for (let at = from; ; at += 1) {
    const name = bytes.indexOf(family, at + 2, 'latin1');
    if (name < 0) return bytes.length;
    at = name - 2;
    if (subsectionAt(bytes, at)?.name.startsWith(family) === true) return at;
  }
}

/** Those from `start` on, if they reach to the end of the bytes. */
function subsectionsFrom(
  bytes: Buffer,
  start: number,
  device: string,
): [string, Json][] | undefined {
  const found: [string, Json][] = [];
  for (let at = start; at < bytes.length;) {
    const header = subsectionAt(bytes, at);
    if (header?.name.startsWith(family) !== true) return undefined;
    const { name, end } = header;
    const layout = Object.hasOwn(layouts, name) ? layouts[name] : undefined;
    const expected = end + (layout?.sizeBytes ?? bytes.length);
    const isNext =
      expected === bytes.length || subsectionAt(bytes, expected)?.name.startsWith(family);
    at = isNext === true ? expected : nextHeader(bytes, end);
    found.push([name, shown(new Cursor(bytes.subarray(end, at)), layout, device)]);
  }
  return found;
}

function shown(cursor: Cursor, layout: Layout | undefined, device: string): Json {
  try {
    const value = layout?.read(cursor, device);
    if (value !== undefined && cursor.left === 0) return value;
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
  }
  return cursor.bytes.toString('hex');
}

/** Finds them behind the cursor; what is before `start` belongs to the device. */
export function findSubsections(
  { bytes, at }: Cursor,
  device: string,
): { readonly start: number; readonly members: readonly [string, Json][] } {
  let start = nextHeader(bytes, at);
  for (let tries = 0; tries < mostTries && start < bytes.length; tries++) {
    const members = subsectionsFrom(bytes, start, device);
    if (members !== undefined) return { start, members };
    start = nextHeader(bytes, start + 1);
  }
  return { start: bytes.length, members: [] };
}
