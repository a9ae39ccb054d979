/** Why a QEMU or the host cannot do what a stress run or a benchmark asks for. Pure. */
import { unmet } from '../../model/features.js';
import type { Need } from '../../model/features.js';
import type { HostFacts } from '../../model/host-facts.js';
import type { PairPlan } from '../plan.js';
import type { StressSpec } from './spec.js';

/**
 * Why a QEMU or the host cannot do it; undefined when they can.
 * @param needs those of the spec (suite/stress.ts)
 */
export function unmetSpec(
  { sourceFeatures, destinationFeatures }: PairPlan,
  { transport }: StressSpec,
  needs: readonly Need[],
  host: HostFacts,
): string | undefined {
  for (const features of [sourceFeatures, destinationFeatures]) {
    for (const need of needs) {
      const reason = unmet(need, features, host);
      if (reason !== undefined) return reason;
    }
    const { capabilities, version } = features;
    const lacking = transport.capabilities.find((name) => !capabilities.includes(name));
    if (lacking !== undefined) return `QEMU ${version} has no capability ${lacking}`;
  }
  return undefined;
}

/** The first migration parameter that a QEMU does not know, with that QEMU. */
export function unknownParameter(
  { sourceFeatures, destinationFeatures }: PairPlan,
  { parameters }: StressSpec,
): { readonly name: string; readonly why: string } | undefined {
  for (const { version, parameters: known } of [sourceFeatures, destinationFeatures]) {
    const name = Object.keys(parameters).find((each) => !known.includes(each));
    if (name === undefined) continue;
    const why = `QEMU ${version} has no such migration parameter; it has ${known.join(', ')}`;
    return { name, why };
  }
  return undefined;
}

/** capabilities that need more of Drover than to be switched on */
const unsupported: Readonly<Record<string, string>> = {
  'pause-before-switchover': 'nobody would continue the migration',
  'background-snapshot': 'the guest would not migrate',
  'x-ignore-shared': 'each QEMU has memory of its own, and QEMU would not send it',
  'x-colo': 'Drover has no replication',
};

/** Why Drover does not switch one of these on. */
export function unsupportedCapability(
  names: readonly string[],
  hasDirtyRing: boolean,
): string | undefined {
  const name = names.find((each) => Object.hasOwn(unsupported, each));
  if (name !== undefined) return `${name}: ${unsupported[name] ?? ''}`;
  return names.includes('dirty-limit') && !hasDirtyRing
    ? 'dirty-limit: it needs a dirty ring (dirtyRingSize of a scenario of drover bench, such as 4096)'
    : undefined;
}
