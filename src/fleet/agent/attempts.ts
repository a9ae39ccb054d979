/**
 * The attempts that an agent runs: from a job to its result, which is written together with the end of the
 * job, or not at all. One that this host lost the claim to is cancelled, and nothing is written of it.
 */
import { rmSync } from 'node:fs';
import path from 'node:path';
import type { PgBoss } from 'pg-boss';
import type { Demand } from '../../model/demand.js';
import { pause } from '../../model/deadline.js';
import { toFailure } from '../../model/errors.js';
import { asObject, asString } from '../../model/json.js';
import type { DroverEvent } from '../../model/events.js';
import type { Outcome } from '../../model/outcome.js';
import { startAttempt } from '../../schedule/attempts.js';
import type { Ended, LocalAttempt } from '../../schedule/attempts.js';
import type { MemoryMeter } from '../../schedule/memory-meter.js';
import type { WorkerPool } from '../../schedule/pool.js';
import { isConnectionError } from '../database/connect.js';
import type { Database, SqlRunner } from '../database/connect.js';
import { protocolVersion, resultBytes } from '../limits.js';
import { parseMessage } from '../messages.js';
import type { EvidenceFile, Job, QueueNeed, Result, WireEvent } from '../messages.js';
import type { AllowList } from './allow-list.js';
import type { AttemptKey, Outbox } from './outbox.js';

/** of pg-boss; its types leave the fields out */
export interface CommandResponse {
  readonly affected: number;
  /** ids of the jobs that were found under this claim */
  readonly settled?: readonly string[];
}

/** a job as it was fetched */
export interface Claim {
  readonly queue: string;
  readonly id: string;
  readonly retryCount: number;
  readonly data: unknown;
}

export interface AttemptsPlace {
  readonly database: Database;
  readonly boss: PgBoss;
  readonly outbox: Outbox;
  readonly pool: WorkerPool;
  readonly meter: MemoryMeter;
  readonly allowed: AllowList;
  /** private, of this agent */
  readonly directory: string;
  /** milliseconds for an attempt, without `--timeout` */
  readonly usualTimeoutMs: number;
  /** brings a folder to the coordinator; what is left on this host is noted in it */
  readonly keepEvidence: (folder: string, job: Job) => Promise<readonly EvidenceFile[]>;
  readonly note: (text: string) => void;
}

const retryEveryMs = 300;
/** PostgreSQL: a row with this key is there already */
const uniqueViolation = '23505';

export class HeldAttempt {
  /** another host has the job now, or may get it */
  isLost = false;
  #started: LocalAttempt | undefined;

  constructor(
    readonly claim: Claim,
    readonly demand: Demand,
    readonly slot: number,
  ) {}

  /** Ends its machines; nothing is written of it. */
  lose(): void {
    this.isLost = true;
    this.#started?.cancel();
  }

  /** To the end, also of what is written. Never rejects. */
  async run(place: AttemptsPlace, need: QueueNeed, number: number): Promise<void> {
    const { id, retryCount, data } = this.claim;
    let job: Job;
    try {
      job = parseMessage('job', data);
    } catch (error) {
      place.note(`refused job ${id}: ${toFailure(error).message}`);
      const run = asString(asObject(data)['run']) ?? '';
      await this.#write(place, { run, job: id, try: retryCount }, refusal(error, this.slot));
      return;
    }
    const key: AttemptKey = { run: job.run, job: id, try: retryCount };
    try {
      const result = await this.#carryOut(place, need, job, key, number);
      if (!this.isLost) await this.#write(place, key, result);
    } finally {
      place.outbox.forget(key);
    }
  }

  async #carryOut(
    place: AttemptsPlace,
    need: QueueNeed,
    job: Job,
    key: AttemptKey,
    number: number,
  ): Promise<Result> {
    const { slot, demand } = this;
    place.outbox.add(key, { type: 'started', slot });
    let ended: Ended;
    try {
      const plan = place.allowed.planFor(need, job);
      const keptIn = path.join(place.directory, `kept-${number}`);
      const test = { path: job.test, name: job.name, expectedMs: job.expectedMs, demand };
      this.#started = startAttempt(
        {
          plan,
          pool: place.pool,
          directory: place.directory,
          keep: job.keep,
          evidenceDirectory: () => keptIn,
          timeoutMs: job.timeoutMs ?? Math.round(place.usualTimeoutMs * plan.slowness),
          rerun: () => job.rerun,
          record: () => ({}),
          meter: place.meter,
          emit: (event) => {
            const wire = wireEvent(event);
            if (wire !== undefined) place.outbox.add(key, wire);
          },
          clock: () => 0,
        },
        {
          ...{ test, attempt: job.attempt, retry: 0, slot, round: 1, demand },
          expectedMs: job.expectedMs,
        },
        number,
      );
      if (this.isLost) this.#started.cancel();
      ended = await this.#started.ended;
    } catch (error) {
      place.note(`${job.name}: ${toFailure(error).message}`);
      return refusal(error, slot);
    }
    const { directory, memoryBytes, measured: _m, course: _c, ...report } = ended;
    let evidence: readonly EvidenceFile[] | undefined;
    if (directory !== undefined) {
      try {
        if (!this.isLost) evidence = await place.keepEvidence(directory, job);
      } catch (error) {
        place.note(`${job.name}: its evidence is lost: ${toFailure(error).message}`);
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    }
    return { version: protocolVersion, report, slot, memoryBytes, evidence };
  }

  /** Until it is written, or refused, or the claim is lost. */
  async #write(place: AttemptsPlace, key: AttemptKey, result: Result): Promise<void> {
    const { queue, id, retryCount } = this.claim;
    const body = textOf(result, this.slot);
    const writeEvents = await place.outbox.finish(key);
    const work = async (sql: SqlRunner): Promise<boolean> => {
      await writeEvents(sql);
      await sql.executeSql(
        'INSERT INTO drover.result (run, job, try, body) VALUES ($1, $2, $3, $4)',
        [key.run, key.job, key.try, body],
      );
      const done = (await place.boss.complete(
        queue,
        { id, retryCount },
        {},
        { db: sql },
      )) as CommandResponse & object;
      if (done.affected !== 1) throw new Superseded();
      return true;
    };
    while (!this.isLost) {
      try {
        await place.database.transaction(work);
        return;
      } catch (error) {
        if (error instanceof Superseded) {
          place.note(`a late result was refused: job ${id} went to another host`);
          return;
        }
        // the commit was done, and its answer was lost
        if (error instanceof Error && 'code' in error && error.code === uniqueViolation) return;
        if (!isConnectionError(error)) {
          place.note(`the result of job ${id} was not written: ${toFailure(error).message}`);
          return;
        }
        await pause(retryEveryMs);
      }
    }
  }
}

class Superseded extends Error {}

function refusal(error: unknown, slot: number): Result {
  const outcome: Outcome = { kind: 'broken', failure: toFailure(error, 'prepare') };
  return { version: protocolVersion, report: { outcome, durationMs: 0, phases: [] }, slot };
}

/** A result that is too long loses what only a timeline shows; then it is broken. */
function textOf(result: Result, slot: number): string {
  const whole = JSON.stringify(result);
  if (whole.length <= resultBytes) return whole;
  const { timeline: _, ...report } = result.report;
  const shorter = JSON.stringify({ ...result, report });
  if (shorter.length <= resultBytes) return shorter;
  const why = new Error(`the result of the attempt has ${shorter.length} characters`);
  return JSON.stringify(refusal(why, slot));
}

function wireEvent(event: DroverEvent): WireEvent | undefined {
  switch (event.type) {
    case 'phase-started':
      return { type: 'phase', phase: event.phase };
    case 'migration-status':
      return { type: 'status', side: event.side, status: event.status };
    case 'warning':
      return { type: 'note', message: event.message.slice(0, 4000) };
    default:
      return undefined;
  }
}
