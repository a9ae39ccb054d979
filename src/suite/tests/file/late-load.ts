/** A file whose guest runs before its memory is loaded: what shows that QEMU did that. */
import { asString } from '../../../model/json.js';
import { noEffect } from '../../../migration/effects.js';
import type { Pair } from '../../../migration/pair.js';

/** QEMU loads such a file by its postcopy, so the destination must have gone through a status of that. */
export function requireLateLoad({ destination }: Pair): void {
  const seen = destination.qmp.events.all.flatMap(({ name, data }) =>
    name === 'MIGRATION' ? [asString(data['status']) ?? ''] : [],
  );
  if (seen.some((status) => status.startsWith('postcopy-'))) return;
  throw noEffect(
    'capability postcopy-ram',
    'a status of postcopy at the destination',
    seen.join(', '),
    'destination',
  );
}
