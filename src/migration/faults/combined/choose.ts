/** Which combined faults a run has: a covering choice, or random ones. The same seed, the same. */
import { cover } from '../../../model/covering.js';
import { drawing } from '../../../model/seeded.js';
import type { Draw } from '../../../model/seeded.js';
import { combinationOf, rowOf } from './combination.js';
import type { Combination, CombinedFault, Detail } from './combination.js';
import { isOfHost } from './kinds.js';
import { allCombinations } from './incompatible.js';

/** Of how many factors every combination of values occurs. */
export const strengths = { smoke: 1, full: 2, thorough: 3 } as const;
export type FaultLevel = keyof typeof strengths;

export function coveringFaults(level: FaultLevel, seed: number): CombinedFault[] {
  const rows = allCombinations().valid.map(rowOf);
  return cover(rows, strengths[level], drawing(seed, level)).flatMap((row) => {
    const combination = combinationOf(row);
    return combination === undefined ? [] : [{ ...combination, detail: {} }];
  });
}

/** Each of its own draw, so that number 7 of a seed is the same however many are asked for. */
export function randomFaults(count: number, seed: number): CombinedFault[] {
  const { valid } = allCombinations();
  const able = valid.filter(({ fault }) => fault !== 'none' && !isOfHost(fault));
  return Array.from({ length: count }, (_, index) => {
    const draw = drawing(seed, `random ${index}`);
    // A kind first: there are many more combinations of some than of others.
    const kind = draw.of([...new Set(able.map(({ fault }) => fault))]);
    const ofKind = able.filter(({ fault }) => fault === kind);
    const stage = draw.of([...new Set(ofKind.map((each) => each.stage))]);
    const combination = draw.of(ofKind.filter((each) => each.stage === stage));
    return { ...combination, detail: detailOf(combination, draw) };
  });
}

/** most of what there is between the beginning of a stage and its end on a host of usual speed */
const mostMs = { setup: 40, memory: 400, switchover: 400, postcopy: 200, recovery: 40 } as const;
const mostBytes = {
  ...{ setup: 100_000, memory: 20_000_000, switchover: 100_000_000 },
  ...{ postcopy: 200_000, recovery: 4000 },
} as const;
/** answers are short */
const mostAnswerBytes = 64;

const amounts: Readonly<Partial<Record<Combination['fault'], number>>> = {
  ...{ delay: 1000, 'hold-back': 100_000, drop: 8192, flip: 8, stop: 1000 },
};

function detailOf({ stage, fault, direction, channel }: Combination, draw: Draw): Detail {
  const most = amounts[fault];
  const amount = most === undefined ? undefined : 1 + draw.below(most);
  if (channel === 'process' || draw.below(2) === 0) {
    return { afterMs: draw.below(mostMs[stage] + 1), amount };
  }
  const bytes = direction === 'destination' ? mostBytes[stage] : mostAnswerBytes;
  return { atBytes: draw.below(bytes + 1), amount };
}
