/** Which tests `drover generate` has: combinations that cover a space, or drawn ones. */
import type { HostFacts } from '../../model/host-facts.js';
import { drawing } from '../../model/seeded.js';
import { SetCoverage, coverRest, drawnRow } from '../../model/space/cover-space.js';
import type { Nogood, Row, Space } from '../../model/space/space.js';
import { Combination } from '../../migration/generated/combination.js';
import { chooseAccepted } from '../../migration/generated/learn.js';
import type { Learning, Learnt } from '../../migration/generated/learn.js';
import { SetupTrial } from '../../migration/generated/setup-trial.js';
import { availableSpace, hostNeeds } from '../../migration/generated/space-of.js';
import type { AvailableSpace } from '../../migration/generated/space-of.js';
import { probeHost } from '../../migration/host/host-probes.js';
import type { HostProbeOptions } from '../../migration/host/host-probes.js';
import type { Choosing } from '../options/choice-options.js';
import type { Planned } from '../run/plan-pair.js';

/** Of how many factors every set of values occurs. */
export const strengths = { pairs: 2, triples: 3 } as const;
export type GenerateLevel = keyof typeof strengths;

export interface ChosenCombinations {
  readonly available: AvailableSpace;
  /** of all host facts that the factors need */
  readonly host: HostFacts;
  /** of random ones: of pairs */
  readonly strength: number;
  readonly space: Space;
  /** to be run: what QEMU refused, each at its smallest, and then the rows of the space */
  readonly combinations: readonly Combination[];
  readonly learnt: readonly Learnt[];
  /** false: not all were shown to QEMU before: there was no time, or it died too often */
  readonly isAsked: boolean;
}

/** QEMU answers in milliseconds */
const askMs = 120_000;
/** a QEMU that dies more often shows it in the tests */
const mostDeaths = 5;

export async function chooseTests(
  choice: Choosing<GenerateLevel>,
  planned: Planned,
  place: Omit<HostProbeOptions, 'plan'>,
): Promise<ChosenCombinations> {
  const needs = hostNeeds.map((name) => ({ kind: 'host', name }) as const);
  const host = await probeHost(needs, { plan: planned.plan, ...place });
  const plan = { ...planned.plan, host };
  const available = availableSpace(plan);
  const strength = choice.random === undefined ? strengths[choice.level] : strengths.pairs;
  const untilMs = performance.now() + askMs * plan.slowness;
  await using trial = new SetupTrial({ plan, ...place });
  const learning: Learning = {
    space: (learnt) => available.space(learnt),
    choose: (space) => chooseRows(choice, space),
    ask: async (combination) =>
      planned.kind === 'absent' ? undefined : await trial.refusalOf(combination),
    mayAsk: () => performance.now() < untilMs && trial.died < mostDeaths && !place.signal.aborted,
  };
  // QEMU refuses mostly pairs, and a choice of pairs takes a fraction of the time
  const pairs: Learning['choose'] = (space) =>
    chooseRows({ seed: choice.seed, level: 'pairs' }, space);
  const { learnt: known } =
    choice.level === 'triples'
      ? await chooseAccepted({ ...learning, choose: pairs })
      : { learnt: [] };
  const chosen = await chooseAccepted({ ...learning, known });
  const { space, rows, learnt } = chosen;
  const refused = learnt.map(({ combination }) => combination);
  const accepted = rows.map((row) => new Combination(space.choicesOf(row)));
  return { ...chosen, available, host, strength, combinations: [...refused, ...accepted] };
}

function chooseRows(choice: Choosing<GenerateLevel>, space: Space): Row[] {
  const { random, seed } = choice;
  if (random === undefined) {
    const { level } = choice;
    return coverRest(new SetCoverage(space, strengths[level]), drawing(seed, level));
  }
  // each of its own draw, so that number 7 of a seed is the same however many are asked for
  return Array.from({ length: random }, (_, i) =>
    drawnRow(space, drawing(seed, `random ${i}`)),
  ).flatMap((row) => (row === undefined ? [] : [row]));
}

/** Rows with what others lack, now that more is known not to go together. */
export function chooseMore(
  { available, strength }: ChosenCombinations,
  learnt: readonly Nogood[],
  done: readonly Combination[],
  seed: number,
): Combination[] {
  const space = available.space(learnt);
  const coverage = coverageBy(space, strength, done);
  return coverRest(coverage, drawing(seed, `more ${learnt.length}`)).map(
    (row) => new Combination(space.choicesOf(row)),
  );
}

/** What of a space combinations have. */
export function coverageBy(
  space: Space,
  strength: number,
  combinations: readonly Combination[],
): SetCoverage {
  const coverage = new SetCoverage(space, strength);
  for (const combination of combinations) coverage.add(rowIn(space, combination));
  return coverage;
}

const rowIn = (space: Space, combination: Combination): Row =>
  space.rowOf(
    space.factors.map(({ name }) => ({ factor: name, value: combination.valueOf(name) })),
  );
