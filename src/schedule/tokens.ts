/**
 * Accounts for what running tests have reserved of the host, and whether another test fits. Pure.
 */
import type { Demand, Exclusive, Limits } from '../model/demand.js';

/** Sums of weights such as 0.1 are not exact. */
const hair = 1e-6;

export class Tokens {
  readonly #limits: Limits;
  readonly #exclusive = new Set<Exclusive>();
  #running = 0;
  #cpu = 0;
  #memoryBytes = 0;
  #sharedMemoryBytes = 0;
  #highBytes = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  get running(): number {
    return this.#running;
  }

  /** peak of the reserved memory */
  get highBytes(): number {
    return this.#highBytes;
  }

  get isFull(): boolean {
    return this.#running >= this.#limits.slots;
  }

  fits(demand: Demand): boolean {
    const { cpu = Infinity, memoryBytes, sharedMemoryBytes } = this.#limits;
    if (this.isFull || this.#exclusive.has('host')) return false;
    if (demand.exclusive.includes('host') && this.#running > 0) return false;
    return (
      // A test that runs alone may need more cores than the host has: it only takes longer.
      (this.#running === 0 || this.#cpu + demand.cpu <= cpu + hair) &&
      this.#memoryBytes + demand.memoryBytes <= memoryBytes &&
      this.#sharedMemoryBytes + demand.sharedMemoryBytes <= sharedMemoryBytes &&
      demand.exclusive.every((name) => !this.#exclusive.has(name))
    );
  }

  take(demand: Demand): void {
    this.#add(demand, 1);
    for (const name of demand.exclusive) this.#exclusive.add(name);
    this.#highBytes = Math.max(this.#highBytes, this.#memoryBytes);
  }

  giveBack(demand: Demand): void {
    this.#add(demand, -1);
    for (const name of demand.exclusive) this.#exclusive.delete(name);
  }

  #add(demand: Demand, sign: 1 | -1): void {
    this.#running += sign;
    this.#cpu += sign * demand.cpu;
    this.#memoryBytes += sign * demand.memoryBytes;
    this.#sharedMemoryBytes += sign * demand.sharedMemoryBytes;
  }
}
