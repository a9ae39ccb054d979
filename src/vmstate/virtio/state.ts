/**
 * The state of a virtio device, which QEMU's description gives as one field without a layout: what
 * the transport adds, what all virtio devices have, what the kind of device adds, and subsections.
 * The layouts are those that QEMU 7.2, 10.0 and 11.1 write. Pure.
 */
import type { Json } from '../../model/json.js';
import { Cursor, Misfit } from '../cursor.js';
import { hex64 } from '../leaves.js';
import { Members } from '../members.js';
import { deviceState } from './devices.js';
import { featureFlags, statusFlags } from './names.js';
import { findSubsections } from './subsections.js';
import { transports } from './transports.js';
import type { Transport } from './transports.js';

const mostQueues = 1024;
const longestQueue = 32_768;

/**
 * @param device the name of its description, such as `virtio-net`
 * @throws Misfit if the bytes have no known layout
 */
export function virtioState(bytes: Buffer, device: string): Json {
  for (const read of transports) {
    const cursor = new Cursor(bytes);
    try {
      return stateBehind(read(cursor), cursor, device);
    } catch (error) {
      if (!(error instanceof Misfit)) throw error;
    }
  }
  throw new Misfit('no known layout of a virtio device', 0);
}

function stateBehind(transport: Transport, cursor: Cursor, device: string): Json {
  const state = new Members();
  for (const [name, value] of Object.entries(transport.members)) state.add(name, value);
  state.add('status', statusFlags(cursor.u8()));
  state.add('isr', cursor.u8());
  state.add('queue_sel', cursor.u16());
  const features = BigInt(cursor.u32());
  state.add('guest_features', featureFlags(features, device));
  state.add('config', cursor.hex(cursor.u32()));
  const count = cursor.u32();
  if (count === 0 || count > mostQueues) throw new Misfit(`${count} queues`, cursor.at - 4);
  state.add(
    'queues',
    Array.from({ length: count }, () => queue(transport, cursor)),
  );
  const subsections = findSubsections(cursor, device);
  const own = cursor.bytes.subarray(cursor.at, subsections.start);
  const ownState = deviceState(device, own, features);
  if (ownState !== undefined) state.add('device', ownState);
  for (const [name, value] of subsections.members) state.add(name, value);
  return state.values;
}

function queue({ aligns, vectors }: Transport, cursor: Cursor): Json {
  const num = cursor.u32();
  if (num === 0 || num > longestQueue) throw new Misfit(`a queue of ${num}`, cursor.at - 4);
  return {
    num,
    align: aligns ? cursor.u32() : undefined,
    desc: hex64(cursor.u64()),
    last_avail_idx: cursor.u16(),
    vector: vectors ? cursor.u16() : undefined,
  };
}
