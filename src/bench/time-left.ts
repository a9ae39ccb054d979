/** How long a benchmark still takes, by the migrations that it has made. Pure, but for the clock. */
export class TimeLeft {
  readonly #turns: ReadonlyMap<string, number>;
  readonly #spent = new Map<string, { ms: number; turns: number }>();
  readonly #now: () => number;
  #beganMs: number;

  /**
   * @param turns migrations of each scenario by its name, in their order, warm-ups included
   * @param now milliseconds
   */
  constructor(turns: ReadonlyMap<string, number>, now: () => number) {
    this.#turns = turns;
    this.#now = now;
    this.#beganMs = now();
  }

  /** A migration of this scenario has ended. @returns about how many milliseconds are left */
  ended(scenario: string): number {
    const nowMs = this.#now();
    const own = this.#spent.get(scenario) ?? { ms: 0, turns: 0 };
    this.#spent.set(scenario, { ms: own.ms + nowMs - this.#beganMs, turns: own.turns + 1 });
    this.#beganMs = nowMs;
    return this.#left(scenario);
  }

  /** Scenarios before this one are over, even if they ended early; later ones take the usual time. */
  #left(scenario: string): number {
    const names = [...this.#turns.keys()];
    const all = [...this.#spent.values()];
    const usualMs =
      all.reduce((sum, { ms }) => sum + ms, 0) / all.reduce((sum, { turns }) => sum + turns, 0);
    return names.slice(names.indexOf(scenario)).reduce((sum, name) => {
      const spent = this.#spent.get(name);
      const turns = (this.#turns.get(name) ?? 0) - (spent?.turns ?? 0);
      return sum + Math.max(0, turns) * (spent === undefined ? usualMs : spent.ms / spent.turns);
    }, 0);
  }
}
