/** What an agent's host has: its QEMUs, each with what runs under it and how fast, and the host's facts. */
import { accelerators, platforms } from '../../model/arch.js';
import type { Accelerator } from '../../model/arch.js';
import { HarnessError, toFailure } from '../../model/errors.js';
import { hostFactNames } from '../../model/host-facts.js';
import { chooseMachine } from '../../model/machine-type.js';
import type { Limits } from '../../model/demand.js';
import { fileMark } from '../../fleet/agent/allow-list.js';
import type { AllowedQemu } from '../../fleet/agent/allow-list.js';
import { protocolVersion } from '../../fleet/limits.js';
import { parseMessage } from '../../fleet/messages.js';
import type { HostFacts } from '../../fleet/messages.js';
import { slownessOf } from '../../migration/deadlines.js';
import { kvmObstacle } from '../../migration/host/accelerator.js';
import { probeHost } from '../../migration/host/host-probes.js';
import { makePlan } from '../../migration/plan.js';
import type { QemuBinary } from '../../qemu/binary.js';
import { hostIdentity } from '../process/host-capacity.js';
import type { Qemus } from '../run/probed-qemus.js';

interface ProbePlace {
  readonly qemus: Qemus;
  readonly directory: string;
  readonly signal: AbortSignal;
}

/** @throws HarnessError `qemu-digest` */
export async function probeQemu(binary: QemuBinary, place: ProbePlace): Promise<AllowedQemu> {
  const { qemus, directory, signal } = place;
  const file = fileMark(binary.program);
  const features = await qemus.features(binary);
  const { digest } = features;
  if (digest === undefined) {
    throw new HarnessError({
      code: 'qemu-digest',
      blame: 'host',
      message: `cannot read the program of '${binary.command}', by whose digest a fleet knows it`,
    });
  }
  const alias = platforms[binary.arch].machineAlias;
  const choice = chooseMachine({ alias }, features, features);
  const plan = makePlan({
    source: { binary, features },
    machine: choice.kind === 'chosen' ? choice.machine : 'none',
    env: qemus.env,
  });
  const slowness: Partial<Record<Accelerator, number>> = {};
  if (choice.kind === 'chosen') {
    for (const accel of accelerators) {
      if (!features.accelerators.includes(accel)) continue;
      if (accel === 'kvm' && (await kvmObstacle(features)) !== undefined) continue;
      const pace = await qemus.pace(plan, accel);
      if (pace.runs) slowness[accel] = slownessOf(pace.pagesPerSecond);
    }
  }
  const needs = hostFactNames.map((name) => ({ kind: 'host', name }) as const);
  const host = await probeHost(needs, { plan, directory, signal });
  return { digest, binary, features, slowness, host, file };
}

/** What the coordinator reads. */
export function factsMessage(qemus: readonly AllowedQemu[], limits: Limits): HostFacts {
  const obstacles = ({ host }: AllowedQemu): Record<string, string> =>
    Object.fromEntries(
      hostFactNames.map((name) => {
        const fact = host[name];
        const reason = fact?.available === true ? '' : (fact?.reason ?? 'not probed');
        return [name, reason.slice(0, 2000)];
      }),
    );
  const message = {
    version: protocolVersion,
    identity: hostIdentity(),
    limits,
    qemus: qemus.map((qemu) => ({
      digest: qemu.digest,
      version: qemu.features.version,
      arch: qemu.binary.arch,
      command: qemu.binary.command,
      accelerators: Object.keys(qemu.slowness),
      obstacles: obstacles(qemu),
    })),
  };
  try {
    return parseMessage('host', message);
  } catch (cause) {
    throw new Error(`this host does not fit the protocol: ${toFailure(cause).message}`, { cause });
  }
}
