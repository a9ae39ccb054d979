/** Why a QEMU or the host cannot do what a stress run or a benchmark asks for. Pure. */
import { unmet } from '../../model/features.js';
import type { HostFacts } from '../../model/host-facts.js';
import type { PairPlan } from '../plan.js';
import type { StressSpec } from './spec.js';

/** Why the transport does not work; undefined when it does. */
export function unmetTransport(
  { sourceFeatures, destinationFeatures }: PairPlan,
  { transport }: StressSpec,
  host: HostFacts,
): string | undefined {
  for (const features of [sourceFeatures, destinationFeatures]) {
    for (const need of transport.needs) {
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
