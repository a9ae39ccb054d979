/**
 * What tests need of QEMU and of the host. Most of it follows from a test's data: what it sets and
 * where it connects. The tables say which release first had each. Names that are not in a table
 * need nothing: all QEMUs that Drover supports have them.
 */
import type { Need } from '../model/features.js';
import type { HostFactName } from '../model/host-facts.js';
import type { PairSettings } from '../migration/pair-settings.js';

/** the first release that had it, or the first and the last one */
const capabilities: Readonly<Record<string, string>> = {
  xbzrle: '1.2',
  'auto-converge': '1.6',
  'zero-blocks': '1.6 to 11.0',
  compress: '2.4 to 9.0',
  'postcopy-ram': '2.6',
  'release-ram': '2.9',
  'return-path': '2.10',
  'pause-before-switchover': '2.11',
  'dirty-bitmaps': '3.0',
  'late-block-activate': '3.0',
  multifd: '4.0',
  'x-ignore-shared': '4.0',
  'validate-uuid': '4.2',
  'background-snapshot': '6.0',
  'postcopy-preempt': '7.1',
  'zero-copy-send': '7.1',
  'dirty-limit': '8.1',
  'switchover-ack': '8.1',
  'mapped-ram': '9.0',
};

const parameters: Readonly<Record<string, string>> = {
  'xbzrle-cache-size': '2.11',
  'max-cpu-throttle': '3.1',
  'announce-rounds': '4.0',
  'multifd-compression': '5.0',
  'throttle-trigger-threshold': '5.0',
  'cpu-throttle-tailslow': '5.1',
  'avail-switchover-bandwidth': '8.2',
  'direct-io': '9.1',
};

/** values of enum-typed parameters; others need the parameter only */
const values: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  mode: { 'cpr-reboot': '8.2', 'cpr-transfer': '10.0', 'cpr-exec': '10.2' },
  'multifd-compression': { zlib: '5.0', zstd: '5.0', qpl: '9.1', uadk: '9.1', qatzip: '9.2' },
  'zero-page-detection': { none: '9.0', legacy: '9.0', multifd: '9.0' },
};

const transports: Readonly<Record<string, string>> = { rdma: '2.0', file: '8.2' };

const devices: Readonly<Record<string, string>> = {
  e1000: '0.10',
  'virtio-net-pci': '0.11',
  'virtio-blk-pci': '0.13',
  'virtio-rng-pci': '1.3',
  'pc-dimm': '2.1',
};

/** capabilities that QEMU refuses together before a release; Drover probes by setting both */
const together = [
  { names: ['postcopy-ram', 'multifd'], since: '10.1' },
  // a snapshot whose guest runs before its memory is loaded
  { names: ['mapped-ram', 'postcopy-ram'], since: '11.2' },
] as const;

/** Memory that only a guest under KVM can have. */
const needsGuestMemfd: Need = {
  kind: 'property',
  object: 'memory-backend-memfd',
  name: 'guest-memfd',
  since: '11.2',
};

/** what capabilities, kinds of memory and transports need of the host */
const hostFacts: Readonly<Record<string, HostFactName>> = {
  'postcopy-ram': 'userfaultfd',
  'background-snapshot': 'userfaultfd',
  'zero-copy-send': 'locked-memory',
  shmem: 'shared-memory',
  hugetlb: 'huge-pages',
  'guest-memfd': 'guest-memfd',
  vsock: 'vsock',
};

/** Where the guest can suspend to RAM. */
export const suspendArches = ['x86_64', 'i386'] as const;
/** Architectures with I/O ports, by which the test drives a device. */
export const portArches = ['x86_64', 'i386'] as const;

/** The QMP schema does not show it; capability mapped-ram came in the same release. */
const needsSuspendedGuest: Need = {
  kind: 'behaviour',
  what: 'migration of a suspended guest as suspended',
  witness: 'mapped-ram',
  since: '9.0',
};

/** argument `channels` instead of a URI */
export const needsChannels: Need = {
  kind: 'argument',
  command: 'migrate',
  name: 'channels',
  since: '8.2',
};

export const needsTls: Need = { kind: 'tls', since: '2.7' };
/** The release with direct-io changed how file: uses fdsets. */
const needsFileSets: Need = { kind: 'parameter', name: 'direct-io', since: '9.1' };

const host = (name: HostFactName): Need => ({ kind: 'host', name });
/** a name that the table does not have needs nothing */
const listed = <N extends Need>(
  since: string | undefined,
  need: (since: string) => N,
): readonly N[] => (since === undefined ? [] : [need(since)]);

function needsOfParameter(name: string, value: unknown): readonly Need[] {
  const known = typeof value === 'string' ? values[name]?.[value] : undefined;
  if (known === undefined) {
    return listed(parameters[name], (since) => ({ kind: 'parameter', name, since }));
  }
  return name === 'multifd-compression'
    ? [{ kind: 'compression', name: String(value), since: known }]
    : [{ kind: 'value', parameter: name, name: String(value), since: known }];
}

/** the names that follow `-device` */
function devicesIn(args: readonly string[]): string[] {
  return args.flatMap((arg, i) => (args[i - 1] === '-device' ? (arg.split(',')[0] ?? []) : []));
}

/** What follows from the data of a test: first the needs of QEMU, then those of the host. */
export function needsOf(data: PairSettings): Need[] {
  const capable = [
    ...(data.capabilities ?? []),
    ...(data.sourceCapabilities ?? []),
    ...(data.destinationCapabilities ?? []),
  ];
  const places = [data.listen, data.incoming, data.connect].flatMap((uri) => uri ?? []);
  const used = new Set(places.map((uri) => uri.split(':')[0] ?? ''));
  const set = [data.parameters, data.sourceParameters, data.destinationParameters].flatMap((of) =>
    Object.entries(of ?? {}),
  );
  const args = [...(data.sourceArgs ?? []), ...(data.destinationArgs ?? [])];
  return [
    ...[...used].flatMap((name) =>
      listed(transports[name], (since) => ({ kind: 'transport', name, since })),
    ),
    ...capable.flatMap((name) =>
      listed(capabilities[name], (since) => ({ kind: 'capability', name, since })),
    ),
    ...together
      .filter(({ names }) => names.every((name) => capable.includes(name)))
      .map((both) => ({ kind: 'together' as const, ...both })),
    ...set.flatMap(([name, value]) => needsOfParameter(name, value)),
    ...(places.some((uri) => uri.startsWith('file:/dev/fdset/')) ? [needsFileSets] : []),
    ...(data.channels === undefined && data.connectBy !== 'channels' ? [] : [needsChannels]),
    ...devicesIn(args).flatMap((name) =>
      listed(devices[name], (since) => ({ kind: 'device', name, since })),
    ),
    ...(data.suspend === true ? [needsSuspendedGuest] : []),
    ...(data.memory === 'guest-memfd' ? [needsGuestMemfd, host('kvm')] : []),
    ...[...capable, data.memory ?? '', ...used].flatMap((name) =>
      hostFacts[name] === undefined ? [] : [host(hostFacts[name])],
    ),
    ...(set.some(([name, value]) => name === 'direct-io' && value === true)
      ? [host('direct-io')]
      : []),
    ...(data.accelOptions?.includes('dirty-ring-size') === true ? [host('dirty-ring')] : []),
  ];
}

/** What follows from the data and what the author adds, each once; needs of the host last. */
export function allNeeds(data: PairSettings, added: readonly Need[] = []): Need[] {
  const each = new Map<string, Need>();
  for (const need of [...needsOf(data), ...added]) {
    const key = JSON.stringify({ ...need, since: undefined });
    if (!each.has(key)) each.set(key, need);
  }
  const isHost = ({ kind }: Need): number => (kind === 'host' ? 1 : 0);
  return [...each.values()].sort((a, b) => isHost(a) - isHost(b));
}
