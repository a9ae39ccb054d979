/**
 * What starts next. Pure and synchronous: it holds the attempts that wait and the tokens of those
 * that run, and answers at once. The caller reports when an attempt has ended.
 *
 * It takes the longest attempt that fits, so that short ones fill the gaps beside large ones. If
 * shorter attempts, or those of a later round, overtook an attempt too often, nothing else starts
 * until that one fits. It will fit: what runs ends, and no attempt is accepted that does not fit an
 * empty host.
 */
import type { Demand, Limits } from '../model/demand.js';
import { mebibytes } from './budget.js';
import { Tokens } from './tokens.js';

export interface Waiting {
  readonly demand: Demand;
  readonly expectedMs: number;
  /** attempts of a later round should not come first for long */
  readonly round: number;
}

/** how often others may overtake an attempt, per place */
const overtakesPerSlot = 4;

interface Entry<T> {
  readonly item: T;
  passedOver: number;
}

export class Decider<T extends Waiting> {
  readonly #tokens: Tokens;
  readonly #mostOvertakes: number;
  /** longest first */
  readonly #waiting: Entry<T>[] = [];
  /** how many wait of each round: there may be thousands, of one or two */
  readonly #rounds = new Map<number, number>();
  #hasOverdue = false;

  constructor(limits: Limits) {
    this.#tokens = new Tokens(limits);
    this.#mostOvertakes = overtakesPerSlot * limits.slots;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  get running(): number {
    return this.#tokens.running;
  }

  get isFull(): boolean {
    return this.#tokens.isFull;
  }

  /** peak of the reserved memory */
  get reservedBytes(): number {
    return this.#tokens.highBytes;
  }

  /** Equally long attempts keep their order. The caller ensures that each fits an empty host. */
  add(item: T): void {
    let low = 0;
    let high = this.#waiting.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#waiting[middle];
      if (other !== undefined && other.item.expectedMs >= item.expectedMs) low = middle + 1;
      else high = middle;
    }
    this.#waiting.splice(low, 0, { item, passedOver: 0 });
    this.#rounds.set(item.round, (this.#rounds.get(item.round) ?? 0) + 1);
  }

  /** Removes an attempt and takes its tokens; undefined if none may start now. */
  next(): T | undefined {
    if (this.#tokens.isFull) return undefined;
    const overdue = this.#hasOverdue ? this.#waiting.findIndex(this.#isOverdue) : -1;
    this.#hasOverdue = overdue >= 0;
    const index =
      overdue >= 0
        ? overdue
        : this.#waiting.findIndex(({ item }) => this.#tokens.fits(item.demand));
    const chosen = this.#waiting[index];
    if (chosen === undefined || !this.#tokens.fits(chosen.item.demand)) return undefined;
    this.#waiting.splice(index, 1);
    this.#passOver(index, chosen.item.round);
    this.#tokens.take(chosen.item.demand);
    return chosen.item;
  }

  readonly #isOverdue = ({ passedOver }: Entry<T>): boolean => passedOver >= this.#mostOvertakes;

  /** The attempts before the chosen one, and all of earlier rounds. */
  #passOver(index: number, round: number): void {
    const left = (this.#rounds.get(round) ?? 1) - 1;
    if (left === 0) this.#rounds.delete(round);
    else this.#rounds.set(round, left);
    const isFirstRound = Math.min(round, ...this.#rounds.keys()) === round;
    const passed = isFirstRound
      ? this.#waiting.slice(0, index)
      : this.#waiting.filter(({ item }, place) => place < index || item.round < round);
    for (const entry of passed) entry.passedOver += 1;
    this.#hasOverdue =
      this.#waiting.length > 0 && (this.#hasOverdue || passed.some(this.#isOverdue));
  }

  done(item: T): void {
    this.#tokens.giveBack(item.demand);
  }
}

/** Why a test can never start within these limits; undefined when it can. */
export function misfit(demand: Demand, limits: Limits): string | undefined {
  const over = (
    [
      ['memory', demand.memoryBytes, limits.memoryBytes],
      ['/dev/shm', demand.sharedMemoryBytes, limits.sharedMemoryBytes],
    ] as const
  ).find(([, wanted, there]) => wanted > there);
  if (over === undefined) return undefined;
  const [what, wanted, there] = over;
  return `needs ${mebibytes(wanted)} of ${what}, and ${mebibytes(there)} may be used`;
}
