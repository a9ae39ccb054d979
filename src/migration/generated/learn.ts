/**
 * Finds out which combinations QEMU refuses, and of each refusal the smallest set of values that is
 * refused in the same words. Leaves out how QEMU is asked.
 */
import type { Refusal } from '../../model/outcome.js';
import { shrink } from '../../model/space/shrink.js';
import type { Choice, Nogood, Row, Space } from '../../model/space/space.js';
import { Combination } from './combination.js';

/** A refusal, and the smallest combination that meets it. */
export interface Learnt {
  readonly combination: Combination;
  readonly refused: Refusal;
  /** what is not generated any more: usual values are part of it where another one is accepted */
  readonly nogood: Nogood;
}

export interface Learning {
  /** with what was learnt so far */
  readonly space: (learnt: readonly Nogood[]) => Space;
  /** the rows that shall be run */
  readonly choose: (space: Space) => readonly Row[];
  /** what QEMU says to a combination */
  readonly ask: (combination: Combination) => Promise<Refusal | undefined>;
  /** false: no time to ask more */
  readonly mayAsk: () => boolean;
  /** what was learnt before */
  readonly known?: readonly Learnt[];
}

export interface Chosen {
  readonly space: Space;
  readonly rows: readonly Row[];
  readonly learnt: readonly Learnt[];
  /** false: there was no time to ask QEMU about all of them */
  readonly isAsked: boolean;
}

/** Rows that QEMU does not refuse. */
export async function chooseAccepted(learning: Learning): Promise<Chosen> {
  const { choose, ask, mayAsk } = learning;
  const learnt: Learnt[] = [...(learning.known ?? [])];
  const asked = new Set<string>();
  for (;;) {
    const space = learning.space(learnt.map(({ nogood }) => nogood));
    const rows = choose(space);
    const before = learnt.length;
    for (const row of rows) {
      if (!mayAsk()) return { space, rows, learnt, isAsked: false };
      const choices = space.choicesOf(row);
      const combination = new Combination(choices);
      const fresh = learnt.slice(before).map(({ nogood }) => nogood);
      if (asked.has(combination.path) || contains(choices, fresh)) continue;
      asked.add(combination.path);
      const refused = await ask(combination);
      if (refused !== undefined) learnt.push(await smallest(choices, refused, space, learning));
    }
    if (learnt.length === before) return { space, rows, learnt, isAsked: true };
  }
}

/** Whether one of the sets is among the values of a whole row. */
export const contains = (choices: readonly Choice[], nogoods: readonly Nogood[]): boolean =>
  nogoods.some((nogood) =>
    nogood.every(({ factor, value }) =>
      choices.some((choice) => choice.factor === factor && choice.value === value),
    ),
  );

/**
 * @param choices a whole row of the space, which QEMU refused
 * @param space in which the smallest combination has to be, so that nothing else speaks against it
 */
export async function smallest(
  choices: readonly Choice[],
  refused: Refusal,
  space: Space,
  { ask, mayAsk }: Pick<Learning, 'ask' | 'mayAsk'>,
): Promise<Learnt> {
  const usual = space.factors.map(({ name, values }) => ({ factor: name, value: values[0] ?? '' }));
  const isPossible = (some: readonly Choice[]): boolean =>
    space.isAllowed(space.rowOf([...usual, ...some]));
  const isSame = async (some: readonly Choice[]): Promise<boolean> => {
    if (!isPossible(some)) return false;
    const answer = await ask(new Combination(some));
    return answer?.words === refused.words && answer.command === refused.command;
  };
  /** As a part of a row that is possible, which may take other values than usual ones. */
  const isOtherwise = async (some: readonly Choice[]): Promise<boolean> => {
    const row = isPossible(some)
      ? space.rowOf([...usual, ...some])
      : space.complete(space.rowOf(some));
    return row !== undefined && mayAsk() && !(await isSame(space.choicesOf(row)));
  };
  const { unusual } = new Combination(choices);
  const { items } = await shrink({ items: unusual, holds: isSame, mayAsk });
  const chosen = new Set(items.map(({ factor }) => factor));
  const needed: Choice[] = [];
  for (const { factor, value } of choices) {
    if (chosen.has(factor)) continue;
    const { values = [] } = space.factors.find(({ name }) => name === factor) ?? {};
    for (const other of values.slice(1)) {
      if (other === value || !(await isOtherwise([...items, { factor, value: other }]))) continue;
      needed.push({ factor, value });
      break;
    }
  }
  const nogood = [...items, ...needed];
  return {
    combination: new Combination(items),
    refused,
    // at least this one is not generated again
    nogood: contains(choices, [nogood]) ? nogood : choices,
  };
}
