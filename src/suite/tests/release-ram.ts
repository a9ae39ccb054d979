/**
 * With capability release-ram the source gives memory back that it has sent in the postcopy phase,
 * which Linux shows.
 */
import { asObject } from '../../model/json.js';
import { formatBytes } from '../../model/text/sizes.js';
import { noEffect } from '../../migration/effects.js';
import type { Pair } from '../../migration/pair.js';
import { hostAddressOf } from '../../qemu/ram.js';
import { heldBytes } from '../../qemu/memory-use.js';

/** of what was sent: QEMU releases whole pages of the host */
const leastShare = 1 / 2;

export async function requireReleased({ context, source }: Pair): Promise<void> {
  const { spec, qmp, pid } = source;
  const { ram } = await qmp.execute('query-migrate');
  const sent = asObject(ram)['postcopy-bytes'];
  const held = heldBytes(pid, await hostAddressOf({ spec, qmp, signal: context.signal }, 0));
  if (typeof sent !== 'number' || held === undefined) return;
  const { start, end } = context.platform.range;
  // The guest wrote all of its range again and again.
  const most = end - start - leastShare * sent;
  if (held <= most) return;
  throw noEffect(
    'capability release-ram',
    `at most ${formatBytes(most)} of memory in use at the source after ${formatBytes(sent)} were sent in postcopy`,
    formatBytes(held),
  );
}
