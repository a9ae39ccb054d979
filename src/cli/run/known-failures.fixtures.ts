/**
 * Mistakes of a QEMU that a test meets now and then: docs/explanation/found-in-qemu.md has the
 * evidence.
 */
import type { Json } from '../../model/json.js';
import { asObject } from '../../model/json.js';

const knownFailures = [
  {
    version: '7.2',
    test: 'precopy/tcp/two-ramblocks',
    sign: /went to completed on the source instead of active/,
  },
  { version: '7.2', test: 'multifd/tcp/plain/cancel', sign: /"status":"cancelling"|"slow-cancel"/ },
  { version: '11.1', test: 'linux/tcp/nvme', sign: /device state (apic|cpu_common)/ },
  ...['7.2', '11.1'].map((version) => ({
    version,
    test: 'multifd+postcopy/tcp/plain/cancel',
    sign: /"status":"failed"|went to failed on the source instead of cancelled/,
  })),
];

/** @param version of the source @param name with the architecture */
export function isKnown(version: string, name: string, outcome: Json | undefined): boolean {
  const failure = asObject(asObject(outcome)['failure']);
  return knownFailures.some(
    (known) =>
      known.version === version &&
      name.replace(/^\/\w+/, '') === `/migration/${known.test}` &&
      known.sign.test(JSON.stringify(failure).replaceAll('\\"', '"')),
  );
}
