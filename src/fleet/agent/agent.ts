/**
 * An agent: it takes from the queues what its host can run and has room for, says every two seconds that it
 * still runs it, and ends its machines when it had no answer of the database for 15 s. How much runs at
 * once is decided by the tokens that decide it for a run on one host.
 */
import type { Limits } from '../../model/demand.js';
import { Cancelled, pause } from '../../model/deadline.js';
import { HarnessError, toFailure } from '../../model/errors.js';
import { Tokens } from '../../schedule/tokens.js';
import { isConnectionError } from '../database/connect.js';
import {
  giveUpMs,
  jobSchema,
  leaseMs as usualLeaseMs,
  runSilentMs,
  touchEveryMs,
} from '../limits.js';
import { readMessage } from '../messages.js';
import type { HostFacts, QueueNeed } from '../messages.js';
import { HeldAttempt } from './attempts.js';
import type { AttemptsPlace, CommandResponse } from './attempts.js';
import { Chooser } from './chooser.js';
import type { WaitingQueue } from './chooser.js';

export interface AgentSpec extends AttemptsPlace {
  readonly limits: Limits;
  readonly facts: HostFacts;
  /** ends the agent in good order */
  readonly signal: AbortSignal;
  /** without an answer of the database for this long it ends its machines; default: 15 s */
  readonly leaseMs?: number;
}

/** between two looks for work, where nothing else wakes it */
const idleMs = 300;
const watchMs = 500;

/** Why an agent ended. */
export type AgentEnd = 'signal' | 'drained' | 'down';

export class FleetAgent {
  readonly #spec: AgentSpec;
  readonly #tokens: Tokens;
  readonly #chooser: Chooser;
  readonly #held = new Map<HeldAttempt, Promise<void>>();
  readonly #freeSlots: number[];
  readonly #ending = new AbortController();
  #number = 0;
  #contactMs = performance.now();
  #isDraining = false;
  #isAway = false;
  #end: AgentEnd | undefined;
  #wake: () => void = () => undefined;

  constructor(spec: AgentSpec) {
    this.#spec = spec;
    this.#tokens = new Tokens(spec.limits);
    this.#chooser = new Chooser(spec.limits);
    this.#freeSlots = Array.from({ length: spec.limits.slots }, (_, slot) => slot);
  }

  /** @throws HarnessError `no-database` where it stays away */
  async toTheEnd(): Promise<AgentEnd> {
    const { signal, database, facts } = this.#spec;
    await database.query(
      'INSERT INTO drover.host (facts) VALUES ($1) ON CONFLICT (host) DO UPDATE SET facts = EXCLUDED.facts, seen_at = now(), running = 0',
      [JSON.stringify(facts)],
    );
    const stop = (): void => {
      this.#finish('signal');
    };
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    const watch = setInterval(() => {
      this.#watchLease();
    }, watchMs);
    try {
      await Promise.all([this.#beatToTheEnd(), this.#fetchToTheEnd()]);
      return this.#end ?? 'signal';
    } finally {
      clearInterval(watch);
      signal.removeEventListener('abort', stop);
      this.#ending.abort(new Cancelled());
      this.#loseAll();
      await Promise.all(this.#held.values());
    }
  }

  #finish(end: AgentEnd): void {
    this.#end ??= end;
    this.#ending.abort(new Cancelled());
    this.#wake();
  }

  get #running(): HeldAttempt[] {
    return [...this.#held.keys()].filter(({ isLost }) => !isLost);
  }

  #loseAll(): void {
    for (const held of this.#held.keys()) held.lose();
  }

  /** A process that was stopped for a while sees it here first, when it goes on. */
  #watchLease(): void {
    const silentMs = performance.now() - this.#contactMs;
    if (silentMs > (this.#spec.leaseMs ?? usualLeaseMs) && this.#running.length > 0) {
      this.#spec.note(
        `no answer of the database for ${Math.round(silentMs / 1000)} s: ending the machines of ${this.#running.length} attempts`,
      );
      this.#loseAll();
    }
  }

  async #beatToTheEnd(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      try {
        await this.#beat();
        this.#contactMs = performance.now();
        if (this.#isAway) this.#spec.note('the database answers again');
        this.#isAway = false;
      } catch (error) {
        if (!isConnectionError(error)) throw asFailure(error);
        if (!this.#isAway) {
          this.#spec.note(`the database does not answer: ${toFailure(error).message}`);
        }
        this.#isAway = true;
        if (performance.now() - this.#contactMs > giveUpMs) throw asFailure(error);
      }
      await this.#sleep(this.#isAway ? idleMs : touchEveryMs);
    }
  }

  async #beat(): Promise<void> {
    const { database } = this.#spec;
    await this.#touchAll();
    const [state] = await database.query<{ state: string; draining: boolean }>(
      'WITH own AS (UPDATE drover.host SET seen_at = now(), running = $1 WHERE true RETURNING draining) SELECT (SELECT state FROM drover.fleet LIMIT 1) AS state, (SELECT draining FROM own) AS draining',
      [this.#held.size],
    );
    if (state?.state !== 'up') this.#finish('down');
    if (state?.draining === true && !this.#isDraining) {
      this.#isDraining = true;
      this.#spec.note('draining: nothing new is started');
      this.#wake();
    }
  }

  /** What is not found under this agent's claim runs elsewhere, or was cancelled. */
  async #touchAll(): Promise<void> {
    const queues = new Map<string, HeldAttempt[]>();
    for (const held of this.#held.keys()) {
      if (held.isLost) continue;
      queues.set(held.claim.queue, [...(queues.get(held.claim.queue) ?? []), held]);
    }
    for (const [queue, held] of queues) {
      const claims = held.map(({ claim: { id, retryCount } }) => ({ id, retryCount }));
      const answer = (await this.#spec.boss.touch(queue, claims)) as CommandResponse & object;
      const settled = new Set(answer.settled);
      for (const each of held) {
        // one that ended meanwhile is no longer held
        if (settled.has(each.claim.id) || !this.#held.has(each)) continue;
        this.#spec.note(`job ${each.claim.id} is not this agent's any more: ending its machines`);
        each.lose();
      }
    }
  }

  async #fetchToTheEnd(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      let isStarted = false;
      try {
        if (!this.#isDraining && !this.#isAway) isStarted = await this.#startOne();
      } catch (error) {
        if (!isConnectionError(error)) throw asFailure(error);
      }
      if (this.#isDraining && this.#held.size === 0) this.#finish('drained');
      if (!isStarted) await this.#sleep(idleMs);
    }
  }

  /** False where there is nothing that fits. */
  async #startOne(): Promise<boolean> {
    if (this.#tokens.isFull) return false;
    const waiting = await this.#waiting();
    const chosen = this.#chooser.choose(waiting, this.#tokens);
    if (chosen === undefined) return false;
    const { boss } = this.#spec;
    // taken before the answer is there: nothing else may count on them
    this.#tokens.take(chosen.need.demand);
    let job: { id: string; retryCount: number; data: unknown } | undefined;
    try {
      [job] = await boss.fetch(chosen.name, { batchSize: 1, includeMetadata: true });
    } catch (error) {
      // its run has ended meanwhile
      if (!(error instanceof Error && /queue .* (does not exist|not found)/i.test(error.message))) {
        throw error;
      }
    } finally {
      if (job === undefined) this.#tokens.giveBack(chosen.need.demand);
    }
    if (job === undefined) return false;
    this.#hold(chosen, job);
    return true;
  }

  #hold(
    { name, need }: WaitingQueue,
    job: { readonly id: string; readonly retryCount: number; readonly data: unknown },
  ): void {
    const slot = this.#freeSlots.shift() ?? 0;
    const { id, retryCount, data } = job;
    const held = new HeldAttempt({ queue: name, id, retryCount, data }, need.demand, slot);
    this.#number += 1;
    const number = this.#number;
    const carryOut = async (): Promise<void> => {
      try {
        await held.run(this.#spec, need, number);
      } catch (error) {
        this.#spec.note(`job ${id}: ${toFailure(error).message}`);
      } finally {
        this.#held.delete(held);
        this.#tokens.giveBack(need.demand);
        this.#freeSlots.push(slot);
        this.#freeSlots.sort((a, b) => a - b);
        this.#wake();
      }
    };
    this.#held.set(held, carryOut());
  }

  /** Queues with attempts that wait, and that this host can serve. */
  async #waiting(): Promise<WaitingQueue[]> {
    const rows = await this.#spec.database.query<{ name: string; need: string; priority: number }>(
      `SELECT q.name, q.need, j.priority FROM drover.queue q CROSS JOIN LATERAL (SELECT priority FROM ${jobSchema}.job_common WHERE name = q.name AND state < 'active' AND NOT blocked ORDER BY priority DESC, created_on LIMIT 1) j WHERE q.seen_at > now() - $1 * interval '1 ms'`,
      [runSilentMs],
    );
    return rows.flatMap(({ name, need: text, priority }) => {
      let need: QueueNeed;
      try {
        need = readMessage('need', text);
      } catch {
        return [];
      }
      return this.#spec.allowed.serves(need) ? [{ name, need, priority }] : [];
    });
  }

  async #sleep(ms: number): Promise<void> {
    const woken = new Promise<void>((resolve) => (this.#wake = resolve));
    await Promise.race([woken, pause(ms, this.#ending.signal).catch(() => undefined)]);
  }
}

function asFailure(cause: unknown): HarnessError {
  return new HarnessError({
    code: 'no-database',
    blame: 'host',
    message: `the fleet's database cannot be used: ${toFailure(cause).message}`,
    cause,
  });
}
