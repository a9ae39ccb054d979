/** In which order the migrations of A and B run. Pure: the same seed gives the same order. */
import { createHash } from 'node:crypto';

export type Label = 'A' | 'B';

export interface Turn {
  readonly label: Label;
  /** from 1; 0 is the warm-up, whose figures do not count */
  readonly pair: number;
}

export interface Design {
  /** one side, or two that are compared */
  readonly labels: readonly Label[];
  /** with `untilWidth`: at most */
  readonly pairs: number;
  /** fewer pairs do once the interval of the total time is no wider, such as 0.05 (narrow.ts) */
  readonly untilWidth?: number | undefined;
  readonly seed: number;
}

/**
 * Blocks of two pairs, A B B A or B A A B by a coin of the seed: what drifts steadily in a block
 * meets both sides alike. A last block of one pair is half of one.
 * @param scenario each has coins of its own
 */
export function orderOf({ labels, pairs, seed }: Design, scenario: string): Turn[] {
  const turns: Turn[] = labels.map((label) => ({ label, pair: 0 }));
  for (let pair = 1; pair <= pairs; pair++) {
    const block = Math.floor((pair - 1) / 2);
    const isSecond = pair % 2 === 0;
    const isSwapped = labels.length > 1 && coin(`${seed} ${scenario} ${block}`) !== isSecond;
    const inTurn = isSwapped ? labels.toReversed() : labels;
    turns.push(...inTurn.map((label) => ({ label, pair })));
  }
  return turns;
}

function coin(text: string): boolean {
  return createHash('sha256').update(text).digest().readUInt8(0) >= 128;
}
