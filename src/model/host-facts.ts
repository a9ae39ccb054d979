/**
 * What tests may need of the host, beyond what a QEMU says of itself. Each fact is found out by
 * trying the thing itself, and a "no" always has its reason. Plain data, so that it can be sent to
 * workers.
 */

export const hostFactNames = [
  'userfaultfd',
  'direct-io',
  'shared-memory',
  'kvm',
  'dirty-ring',
  'guest-memfd',
  'rdma-ipv4',
  'rdma-ipv6',
  'locked-memory',
  'vsock',
  'huge-pages',
  'linux-guest',
  'small-disk',
] as const;
export type HostFactName = (typeof hostFactNames)[number];

export interface HostFact {
  readonly available: boolean;
  /** why not; empty when available */
  readonly reason: string;
  /** a value that the test uses, such as an address */
  readonly detail?: string;
}

/** only what was asked for was probed */
export type HostFacts = Readonly<Partial<Record<HostFactName, HostFact>>>;

/** Why the host does not offer something; undefined when it does. */
export function hostObstacle(facts: HostFacts, name: HostFactName): string | undefined {
  const fact = facts[name];
  if (fact === undefined) return `${name}: this host was not probed for it`;
  return fact.available ? undefined : fact.reason;
}
