/** Where a machine's RAM blocks lie in guest-physical memory, as its monitor shows them (`info mtree -f`). */
import { asString } from '../model/json.js';
import type { QmpClient } from '../qmp/client.js';

export interface RamPlace {
  /** name of the block */
  readonly block: string;
  readonly address: number;
  readonly size: number;
  /** of its first byte in the block */
  readonly offset: number;
}

const row =
  /^\s+([0-9a-f]{1,16})-([0-9a-f]{1,16}) \(prio -?\d+, ram\): (\S.*?)(?: @([0-9a-f]{1,16}))?(?: KVM)?\s*$/;

/**
 * The RAM of the address space that all processors share, in ascending order, what is in one piece
 * as one. Without what lies beyond 2^53.
 */
export function readRamPlaces(text: string): RamPlace[] {
  const view = text
    .split(/\r?\n\s*\r?\n/)
    .find((part) => /^\s*AS "memory"/m.test(part) && part.includes('FlatView'));
  const places: RamPlace[] = [];
  for (const line of (view ?? '').split(/\r?\n/)) {
    const [, first, last, block, at = '0'] = row.exec(line) ?? [];
    if (first === undefined || last === undefined || block === undefined) continue;
    const [address, offset] = [parseInt(first, 16), parseInt(at, 16)];
    const size = parseInt(last, 16) - address + 1;
    if (!Number.isSafeInteger(address + size) || !Number.isSafeInteger(offset)) continue;
    const before = places.at(-1);
    const follows =
      before?.block === block &&
      before.address + before.size === address &&
      before.offset + before.size === offset;
    if (follows) places.splice(-1, 1, { ...before, size: before.size + size });
    else places.push({ block, address, size, offset });
  }
  return places;
}

export async function listRamPlaces(qmp: QmpClient, signal: AbortSignal): Promise<RamPlace[]> {
  const command = { 'command-line': 'info mtree -f' };
  return readRamPlaces(
    asString(await qmp.executeRaw('human-monitor-command', command, { signal })) ?? '',
  );
}
