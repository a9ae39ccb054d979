/**
 * When a live migration of a guest with stamps of kind `byte` may begin.
 *
 * These count modulo 256: at the end of every 256th pass all of the guest's memory is zero, and a guest that prints its sign
 * of life just then may stand still for a while. Memory of zeroes is sent in milliseconds, at whatever bandwidth. QEMU
 * (10.0 and before; seen in a chain) knows no bandwidth in its first 100 ms, and takes a migration that has sent all it
 * knew of by then for done, without another look at what was written.
 */
import type { Pair } from './pair.js';
import { waitGuestPasses } from './waits.js';

/** so many passes before memory is zero a migration is not begun any more */
const passesBefore = 16;

/** Waits, if need be, until the source's memory is not zero, nor about to be. */
export async function waitNonZero({ context, source, settings }: Pair): Promise<void> {
  const { platform, stamped, patience, signal } = context;
  if ((platform.stamp ?? 'byte') !== 'byte' || settings.suspend === true) return;
  const ram = await source.ram(stamped, signal);
  const [now = 0] = await ram.readBytes(stamped.start, 1);
  const left = (256 - now) % 256;
  if (left > passesBefore) return;
  await waitGuestPasses(source, {
    ram,
    address: stamped.start,
    passes: left + 1,
    timeoutMs: patience.memoryMs,
    signal,
  });
}
