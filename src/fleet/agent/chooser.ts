/**
 * Which queue an agent fetches from next. Pure. It takes the longest attempt that fits, as a run on one
 * host does; if shorter ones overtook an attempt too often, nothing else is fetched until that one fits.
 */
import type { Limits } from '../../model/demand.js';
import { misfit } from '../../schedule/decide.js';
import type { Tokens } from '../../schedule/tokens.js';
import type { QueueNeed } from '../messages.js';

export interface WaitingQueue {
  readonly name: string;
  readonly need: QueueNeed;
  /** of its longest attempt */
  readonly priority: number;
}

/** how often others may overtake, per place */
const overtakesPerSlot = 4;

export class Chooser {
  readonly #passedOver = new Map<string, number>();

  constructor(private readonly limits: Limits) {}

  /** @param waiting those that this host can serve; undefined if none of them fits now */
  choose(waiting: readonly WaitingQueue[], tokens: Tokens): WaitingQueue | undefined {
    const longestFirst = waiting
      .filter(({ need }) => misfit(need.demand, this.limits) === undefined)
      .toSorted((a, b) => b.priority - a.priority);
    const most = overtakesPerSlot * this.limits.slots;
    const overdue = longestFirst.find(({ name }) => (this.#passedOver.get(name) ?? 0) >= most);
    const chosen = overdue ?? longestFirst.find(({ need }) => tokens.fits(need.demand));
    if (chosen === undefined || !tokens.fits(chosen.need.demand)) return undefined;
    for (const queue of longestFirst) {
      if (queue === chosen) break;
      this.#passedOver.set(queue.name, (this.#passedOver.get(queue.name) ?? 0) + 1);
    }
    this.#passedOver.delete(chosen.name);
    return chosen;
  }
}
