/** The demands that tests share, each with the release that first met it. */
import type { Need } from '../model/features.js';

export const needsFileTransport: Need = { kind: 'transport', name: 'file', since: '8.2' };

export const needsMultifd: Need = { kind: 'capability', name: 'multifd', since: '4.0' };

/** Refused before 10.1; found out by asking for both. */
export const needsMultifdWithPostcopy: Need = {
  kind: 'together',
  names: ['postcopy-ram', 'multifd'],
  since: '10.1',
};

export const needsMultifdCompression: Need = {
  kind: 'parameter',
  name: 'multifd-compression',
  since: '5.0',
};

/** Where the guest can suspend to RAM. */
export const suspendArches = ['x86_64', 'i386'] as const;
/** Whose machines have I/O ports, by which a device is driven from outside. */
export const portArches = ['x86_64', 'i386'] as const;

/** Nothing in the schema tells it; capability mapped-ram came in the same release. */
export const needsSuspendedGuest: Need = {
  kind: 'behaviour',
  what: 'migration of a suspended guest as suspended',
  witness: 'mapped-ram',
  since: '9.0',
};

export const needsUserfaultfd: Need = { kind: 'host', name: 'userfaultfd' };
export const needsDirectIo: Need = { kind: 'host', name: 'direct-io' };
export const needsSharedMemory: Need = { kind: 'host', name: 'shared-memory' };
/** KVM's dirty ring, in a KVM where it works */
export const needsDirtyRing: Need = { kind: 'host', name: 'dirty-ring' };
export const needsLockedMemory: Need = { kind: 'host', name: 'locked-memory' };
export const needsHugePages: Need = { kind: 'host', name: 'huge-pages' };
export const needsVsock: Need = { kind: 'host', name: 'vsock' };
export const needsTls: Need = { kind: 'tls', since: '2.7' };

/** destination and source named as objects instead of a URI */
export const needsChannels: Need = {
  kind: 'argument',
  command: 'migrate',
  name: 'channels',
  since: '8.2',
};

export function needsCapability(name: string, since: string): Need {
  return { kind: 'capability', name, since };
}

export function needsParameter(name: string, since: string): Need {
  return { kind: 'parameter', name, since };
}

export function needsCompression(name: string, since: string): Need {
  return { kind: 'compression', name, since };
}

/** a value of a migration parameter, such as mode cpr-reboot */
export function needsValue(parameter: string, name: string, since: string): Need {
  return { kind: 'value', parameter, name, since };
}
