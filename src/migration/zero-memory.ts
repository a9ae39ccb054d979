/**
 * When a live migration of a guest with stamps of kind `byte` may begin.
 *
 * These count modulo 256: at the end of every 256th pass the guest's memory is all zero, and a
 * guest that prints its sign of life at that time may pause. QEMU sends zero memory in milliseconds
 * at any bandwidth. QEMU up to 10.0 (seen in a chain) has no bandwidth in the first 100 ms; it
 * completes a migration that has sent all known dirty pages by then, without another
 * synchronisation of the dirty bitmap.
 */
import type { Pair } from './pair.js';
import { waitGuestPasses } from './waits.js';

/** no migration starts within this many passes before memory is zero */
const passesBefore = 16;

/** Waits, if necessary, until the source's memory is not zero and not about to be. */
export async function waitNonZero({ context, source, settings }: Pair): Promise<void> {
  const { platform, stamped, deadlines, signal } = context;
  if ((platform.stamp ?? 'byte') !== 'byte' || settings.suspend === true) return;
  const ram = await source.ram(stamped, signal);
  const [now = 0] = await ram.readBytes(stamped.start, 1);
  const left = (256 - now) % 256;
  if (left > passesBefore) return;
  await waitGuestPasses(source, {
    ram,
    address: stamped.start,
    passes: left + 1,
    timeoutMs: deadlines.memoryMs,
    signal,
  });
}
