/**
 * Which hosts of a fleet can run a test: those that have both QEMUs, byte for byte, the accelerator, what
 * the test needs of a host, and room for it. Pure.
 */
import type { HostFact, HostFactName, HostFacts } from '../../model/host-facts.js';
import { hostFactNames } from '../../model/host-facts.js';
import type { Demand } from '../../model/demand.js';
import type { PairPlan } from '../../migration/plan.js';
import { misfit } from '../../schedule/decide.js';
import type { TestDefinition } from '../../suite/definition.js';
import type { QueueNeed } from '../messages.js';
import type { FleetHost } from './connection.js';

type Pair = Pick<QueueNeed, 'source' | 'destination' | 'accel'>;

export function needOf(
  plan: PairPlan,
  pair: Pair,
  test: TestDefinition,
  { cpu, memoryBytes, sharedMemoryBytes, exclusive }: Demand,
): QueueNeed {
  const facts = (test.needs ?? []).flatMap((need) => (need.kind === 'host' ? [need.name] : []));
  return {
    arch: plan.arch,
    source: pair.source,
    destination: pair.destination,
    accel: pair.accel,
    facts: [...new Set(facts)].sort(),
    demand: { cpu, memoryBytes, sharedMemoryBytes, exclusive: [...exclusive] },
  };
}

/** Hosts with both QEMUs and the accelerator. */
export function hostsWith(hosts: readonly FleetHost[], pair: Pair): FleetHost[] {
  return hosts.filter(({ facts: { qemus } }) =>
    [pair.source, pair.destination].every((digest) =>
      qemus.some((qemu) => qemu.digest === digest && qemu.accelerators.includes(pair.accel)),
    ),
  );
}

function obstacleOn(host: FleetHost, pair: Pair, name: HostFactName): string | undefined {
  for (const digest of [pair.source, pair.destination]) {
    const qemu = host.facts.qemus.find((each) => each.digest === digest);
    const obstacle = qemu?.obstacles[name];
    if (obstacle !== '') return obstacle ?? `${name}: host ${host.name} was not probed for it`;
  }
  return undefined;
}

/** What some host has, the fleet has. @param hosts at least one, each with both QEMUs */
export function factsOf(hosts: readonly FleetHost[], pair: Pair): HostFacts {
  const fact = (name: HostFactName): HostFact => {
    const obstacles = hosts.map((host) => obstacleOn(host, pair, name));
    const available = obstacles.includes(undefined);
    return { available, reason: available ? '' : (obstacles[0] ?? 'no host') };
  };
  return Object.fromEntries(hostFactNames.map((name) => [name, fact(name)]));
}

/** Why no host can run a test; undefined where one can. @param hosts each with both QEMUs */
export function whyNowhere(hosts: readonly FleetHost[], need: QueueNeed): string | undefined {
  const reasons = hosts.map(
    (host) =>
      need.facts.map((name) => obstacleOn(host, need, name)).find((why) => why !== undefined) ??
      misfit(need.demand, host.facts.limits),
  );
  return reasons.includes(undefined)
    ? undefined
    : (reasons[0] ?? 'no host of the fleet can run it');
}
