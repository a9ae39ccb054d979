/** The space that tests are generated from: what QEMUs and a host can do, by introspection. */
import type { CoverageItem } from '../../model/coverage.js';
import { offeredBy } from '../../model/coverage.js';
import { hostObstacle } from '../../model/host-facts.js';
import type { HostFactName } from '../../model/host-facts.js';
import { Space } from '../../model/space/space.js';
import type { Nogood } from '../../model/space/space.js';
import { allFeatures } from '../plan.js';
import type { PairPlan } from '../plan.js';
import { factors, factorsOf } from './factors.js';
import type { FactorValue } from './factors.js';
import { knownNogoods } from './rules.js';

/** A value that is left out, and why. */
export interface LeftOutValue {
  readonly value: string;
  readonly why: string;
}

/** what the host must have for values */
export const hostNeeds: readonly HostFactName[] = [
  ...new Set(factors.flatMap(({ values }) => values.flatMap(({ host }) => host ?? []))),
];

/** The space of QEMUs with these features. @param why why a value is left out besides */
export function spaceOf(
  offered: readonly CoverageItem[],
  why: (value: FactorValue) => string | undefined = () => undefined,
  learnt: readonly Nogood[] = [],
): Space {
  const all = new Set(offered);
  const own = factorsOf(offered);
  const left = own.map(({ name, values }) => ({
    name,
    values: values
      .filter((value) => missingItem(value, all) === undefined && why(value) === undefined)
      .map((value) => value.name),
  }));
  return new Space(left, [...knownNogoods(own, all), ...learnt]);
}

const missingItem = (
  { items = [] }: FactorValue,
  offered: ReadonlySet<CoverageItem>,
): CoverageItem | undefined => items.find((item) => !offered.has(item));

export interface AvailableSpace {
  /** what all QEMUs have */
  readonly offered: readonly CoverageItem[];
  readonly leftOut: readonly LeftOutValue[];
  space(learnt?: readonly Nogood[]): Space;
}

/** @param plan with the facts about the host that `hostNeeds` names */
export function availableSpace(plan: PairPlan): AvailableSpace {
  const [first, ...others] = allFeatures(plan).map((features) => ({
    features,
    items: new Set(offeredBy(features)),
  }));
  const offered = [...(first?.items ?? [])].filter((item) =>
    others.every(({ items }) => items.has(item)),
  );
  const lacking = (value: FactorValue): string | undefined => {
    const tls =
      value.name === 'tls' ? allFeatures(plan).find((f) => f.tlsObstacle !== '') : undefined;
    if (tls !== undefined) return `QEMU ${tls.version} has no TLS: ${tls.tlsObstacle}`;
    return value.host === undefined ? undefined : hostObstacle(plan.host, value.host);
  };
  const why = (value: FactorValue): string | undefined => {
    for (const features of allFeatures(plan)) {
      const missing = missingItem(value, new Set(offeredBy(features)));
      if (missing !== undefined) return `QEMU ${features.version} has no ${missing}`;
    }
    return lacking(value);
  };
  return {
    offered,
    leftOut: factors.flatMap(({ values }) =>
      values.flatMap((value) => {
        const reason = why(value);
        return reason === undefined ? [] : [{ value: value.name, why: reason }];
      }),
    ),
    space: (learnt) => spaceOf(offered, lacking, learnt),
  };
}
