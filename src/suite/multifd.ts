/** Several connections for memory (multifd). */
import { migrateIncoming, setParameters } from '../migration/commands.js';
import type { Pair } from '../migration/pair.js';
import { precopyTest } from './definition.js';
import type { TestDefinition } from './definition.js';
import { needsMultifd, needsMultifdCompression } from './needs.js';

/** Sets the compression method on both sides and lets the destination listen. */
function compressBy(method: string): (pair: Pair) => Promise<void> {
  return async ({ context, source, destination }) => {
    await setParameters(source, { 'multifd-compression': method });
    await setParameters(destination, { 'multifd-compression': method });
    await migrateIncoming(
      destination,
      { uri: 'tcp:127.0.0.1:0' },
      context.patience.eventMs,
      context.signal,
    );
  };
}

export const multifdTests: readonly TestDefinition[] = [
  precopyTest({
    path: '/migration/multifd/tcp/uri/plain/none',
    level: 'smoke',
    needs: [needsMultifd, needsMultifdCompression],
    listen: 'defer',
    capabilities: ['multifd'],
    startHook: compressBy('none'),
    live: true,
    usualMs: 700,
  }),
];
