/** The jobs of a run: the queue of each need, what is put into it, and what is taken back. */
import type { PgBoss } from 'pg-boss';
import type { Database } from '../database/connect.js';
import { heartbeatSeconds, mostLostHosts } from '../limits.js';
import type { RemoteAttempt } from './remote-attempt.js';

/** the most that pg-boss allows: an agent has deadlines of its own, and heartbeats show that it lives */
const expireSeconds = 23 * 3600;
const ranks = 4096;
const longestMs = 500_000;

/**
 * The longest first; of equally long ones that which was sent first. So an attempt that a lost host gives
 * back comes before those that have not been taken yet. Fits 31 bits.
 */
export function priorityOf(expectedMs: number, rank: number): number {
  const ms = Math.min(longestMs, Math.max(0, Math.round(expectedMs)));
  return ms * ranks + Math.max(0, ranks - 1 - rank);
}

export class RunJobs {
  readonly #queues = new Map<string, string>();
  readonly #givenUp: RemoteAttempt[] = [];
  #waiting: RemoteAttempt[] = [];
  #sent = 0;

  constructor(
    private readonly boss: PgBoss,
    private readonly database: Database,
    private readonly run: string,
  ) {}

  async open(): Promise<void> {
    await this.boss.createQueue(this.#lostQueue);
  }

  get #lostQueue(): string {
    return `r${this.run}-lost`;
  }

  /** To be sent with the next `send`. */
  add(attempt: RemoteAttempt): void {
    this.#waiting.push(attempt);
  }

  /** Nobody shall run it any more. */
  giveUp(attempt: RemoteAttempt): void {
    this.#givenUp.push(attempt);
  }

  /** The queue was made when the first attempt with this need was sent. */
  queueOf({ need }: RemoteAttempt): string | undefined {
    return this.#queues.get(need);
  }

  /** What cannot be sent now is sent by the next call. */
  async send(): Promise<void> {
    await this.cancelGivenUp();
    const sent = this.#waiting;
    this.#waiting = [];
    try {
      for (const [need, attempts] of groups(sent)) {
        const queue = await this.#queueFor(need);
        const live = attempts.filter(({ isOver }) => !isOver);
        if (live.length === 0) continue;
        const jobs = live.map(({ id, job }) => ({
          ...{ id, data: job },
          priority: priorityOf(job.expectedMs, this.#sent++),
        }));
        await this.boss.insert(queue, jobs);
        for (const attempt of live) sent.splice(sent.indexOf(attempt), 1);
      }
    } catch (error) {
      this.#waiting = [...sent, ...this.#waiting];
      throw error;
    }
  }

  async #queueFor(need: string): Promise<string> {
    const known = this.#queues.get(need);
    if (known !== undefined) return known;
    const name = `r${this.run}-${this.#queues.size}`;
    await this.boss.createQueue(name, {
      ...{ retryLimit: mostLostHosts - 1, retryDelay: 0, heartbeatSeconds },
      ...{ expireInSeconds: expireSeconds, deadLetter: this.#lostQueue },
    });
    await this.database.query(
      'INSERT INTO drover.queue (name, run, need) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
      [name, this.run, need],
    );
    this.#queues.set(need, name);
    return name;
  }

  async cancelGivenUp(): Promise<void> {
    const given = this.#givenUp.splice(0);
    for (const [need, attempts] of groups(given)) {
      const queue = this.#queues.get(need);
      // one that was not sent yet is not sent: it is over
      if (queue === undefined) continue;
      await this.boss.cancel(
        queue,
        attempts.map(({ id }) => id),
      );
    }
  }

  /** Takes jobs that three hosts were lost with. @param onLost gets what each job says */
  async takeLost(onLost: (data: unknown) => void): Promise<void> {
    for (;;) {
      const dead = await this.boss.fetch(this.#lostQueue, { batchSize: 100 });
      if (dead.length === 0) return;
      for (const { data } of dead) onLost(data);
      await this.boss.complete(
        this.#lostQueue,
        dead.map(({ id }) => id),
      );
    }
  }

  /** The host is gone: another one may take it now. A claim that is not the newest does nothing. */
  async handOver(attempt: RemoteAttempt, claim: number): Promise<void> {
    const queue = this.queueOf(attempt);
    if (queue === undefined) return;
    await this.boss.fail(queue, { id: attempt.id, retryCount: claim }, { host: attempt.host });
  }

  /** Says that the run lives. */
  async touch(): Promise<void> {
    await this.database.query('UPDATE drover.queue SET seen_at = now() WHERE run = $1', [this.run]);
  }

  /** Removes all that the run had in the database. */
  async clean(): Promise<void> {
    await this.cancelGivenUp();
    await this.database.query('DELETE FROM drover.queue WHERE run = $1', [this.run]);
    for (const table of ['event', 'result']) {
      await this.database.query(`DELETE FROM drover.${table} WHERE run = $1`, [this.run]);
    }
    for (const name of [...this.#queues.values(), this.#lostQueue]) {
      await this.boss.deleteQueue(name);
    }
  }
}

function groups(attempts: readonly RemoteAttempt[]): Map<string, RemoteAttempt[]> {
  const byNeed = new Map<string, RemoteAttempt[]>();
  for (const attempt of attempts) {
    byNeed.set(attempt.need, [...(byNeed.get(attempt.need) ?? []), attempt]);
  }
  return byNeed;
}
