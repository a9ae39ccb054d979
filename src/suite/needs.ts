/** The demands that tests share, each with the release that first met it. */
import type { Need } from '../model/features.js';

export const needsFileTransport: Need = { kind: 'transport', name: 'file', since: '8.2' };

export const needsMultifd: Need = { kind: 'capability', name: 'multifd', since: '4.0' };

export const needsMultifdCompression: Need = {
  kind: 'parameter',
  name: 'multifd-compression',
  since: '5.0',
};

/** Nothing in the schema tells it; capability mapped-ram came in the same release. */
export const needsSuspendedGuest: Need = {
  kind: 'behaviour',
  what: 'migration of a suspended guest as suspended',
  witness: 'mapped-ram',
  since: '9.0',
};
