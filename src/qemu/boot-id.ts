/**
 * Identifies the host's boot: cached figures of one boot do not hold for the next, which may have
 * other modules and settings.
 */
import { readFileSync } from 'node:fs';

export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return 'unknown';
  }
}
