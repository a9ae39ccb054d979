/**
 * What a kind of virtio device adds to the state that all have. The layouts were seen in streams of QEMU 7.2, 10.0 and
 * 11.1; other kinds are shown as bytes. Pure.
 */
import type { Json } from '../../model/json.js';
import { Cursor, Misfit } from '../cursor.js';
import { hex64, hexOf } from '../leaves.js';

type ReadDevice = (cursor: Cursor, features: bigint) => Record<string, Json>;

const vlanBytes = 4096 / 8;
const macBytes = 6;
const guestOffloads = 1n << 2n;

function readNet(cursor: Cursor, features: bigint): Record<string, Json> {
  const state: Record<string, Json> = {
    mac: cursor.hex(macBytes),
    tx_waiting: cursor.u32(),
    mergeable_rx_bufs: cursor.u32(),
    status: cursor.u16(),
    promisc: cursor.bool(),
    allmulti: cursor.bool(),
    mac_table: cursor.hex(macBytes * cursor.u32()),
    vlans: cursor.hex(vlanBytes),
    has_vnet_hdr: cursor.u32(),
    multi_overflow: cursor.bool(),
    uni_overflow: cursor.bool(),
    alluni: cursor.bool(),
    nomulti: cursor.bool(),
    nouni: cursor.bool(),
    nobcast: cursor.bool(),
    has_ufo: cursor.bool(),
  };
  const hasOffloads = (features & guestOffloads) !== 0n;
  const pairBytes = cursor.left - (hasOffloads ? 8 : 0);
  // Of devices that can have several pairs of queues. The number of queues does not tell: a guest
  // may use one pair only.
  if (pairBytes > 0) {
    state['max_queue_pairs'] = cursor.u16();
    const pairs = cursor.u16();
    if (pairBytes !== 4 * pairs) throw new Misfit(`${pairs} pairs of queues`, cursor.at - 2);
    state['queue_pairs'] = pairs;
    state['more_tx_waiting'] = Array.from({ length: pairs - 1 }, () => cursor.u32());
  }
  if (hasOffloads) state['guest_offloads'] = hex64(cursor.u64());
  return state;
}

function readConsole(cursor: Cursor): Record<string, Json> {
  const [cols, rows, most] = [cursor.u16(), cursor.u16(), cursor.u32()];
  const ports_map = cursor.hex(4 * Math.ceil(most / 32));
  const active = cursor.u32();
  const ports: Json[] = [];
  const state = { cols, rows, max_nr_ports: most, ports_map, nr_active_ports: active, ports };
  while (ports.length < active) {
    const [id, guest, host] = [cursor.u32(), cursor.bool(), cursor.bool()];
    const elem_popped = cursor.u32();
    ports.push({ id, guest_connected: guest, host_connected: host, elem_popped });
    // A buffer that was popped follows; where it ends is not known.
    if (elem_popped !== 0) break;
  }
  return state;
}

/**
 * A mark before each request that is in flight; the requests' layout differs, so only an empty list
 * is decoded.
 */
function readBlock(cursor: Cursor): Record<string, Json> {
  if (cursor.left === 1 && cursor.bytes[cursor.at] === 0) {
    cursor.u8();
    return { requests: [] };
  }
  return { requests: cursor.hex(cursor.left) };
}

const readBalloon: ReadDevice = (cursor) => ({ num_pages: cursor.u32(), actual: cursor.u32() });

/** By the name of QEMU's description. */
const devices: Readonly<Record<string, ReadDevice>> = {
  'virtio-net': readNet,
  'virtio-blk': readBlock,
  'virtio-console': readConsole,
  'virtio-balloon': readBalloon,
};

/** Bytes if they have no known layout; undefined if there are none. */
export function deviceState(name: string, bytes: Buffer, features: bigint): Json | undefined {
  if (bytes.length === 0) return undefined;
  const read = Object.hasOwn(devices, name) ? devices[name] : undefined;
  if (read === undefined) return hexOf(bytes);
  try {
    const cursor = new Cursor(bytes);
    const state = read(cursor, features);
    if (cursor.left > 0) state['(not described)'] = cursor.hex(cursor.left);
    return state;
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    return hexOf(bytes);
  }
}
