/**
 * A run over a fleet: attempts become jobs in the queues of their needs, what agents write becomes the
 * run's events, and a lost host's attempts are reported as such. The decisions of a run (what to start,
 * retries, when to stop) are those of a run on one host.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type { PgBoss } from 'pg-boss';
import { pause, within } from '../../model/deadline.js';
import { toFailure } from '../../model/errors.js';
import type { DroverEvent } from '../../model/events.js';
import type { Failure } from '../../model/outcome.js';
import type { Attempt, Ended } from '../../schedule/attempts.js';
import { isConnectionError } from '../database/connect.js';
import { mostLostHosts, noAgentsMs, protocolVersion } from '../limits.js';
import { readMessage, readResult } from '../messages.js';
import type { EvidenceFile, Job, QueueNeed, Result } from '../messages.js';
import type { FleetConnection, FleetHost } from './connection.js';
import { RunJobs } from './jobs.js';
import { Inbox } from './inbox.js';
import type { Row } from './inbox.js';
import { LostHosts } from './lost-hosts.js';
import { RemoteAttempt } from './remote-attempt.js';

export interface FleetRunSpec {
  readonly fleet: FleetConnection;
  /** at the start of the run, in the order of their slots */
  readonly hosts: readonly FleetHost[];
  readonly needOf: (attempt: Attempt) => QueueNeed;
  readonly jobOf: (
    attempt: Attempt,
  ) => Omit<Job, 'version' | 'run' | 'attempt' | 'name' | 'test' | 'expectedMs'>;
  readonly emit: (event: DroverEvent) => void;
  readonly clock: () => number;
  /** copies evidence, and writes the record beside it; returns the folder */
  readonly adopt: (
    attempt: Attempt,
    host: string,
    result: Result,
    files: readonly EvidenceFile[],
  ) => string;
}

const pollMs = 150;
const slowPollMs = 1000;
/** a database that is away for longer ends the run */
const awayMs = 60_000;
const endMs = 10_000;

export class FleetRun implements AsyncDisposable {
  readonly #spec: FleetRunSpec;
  readonly #id = randomBytes(8).toString('hex');
  readonly #boss: PgBoss;
  readonly #jobs: RunJobs;
  readonly #lost: LostHosts;
  readonly #inbox: Inbox;
  readonly #attempts = new Map<string, RemoteAttempt>();
  readonly #slotBases = new Map<string, number>();
  #nextBase = 0;
  #isOver = false;
  #pumping: Promise<void> = Promise.resolve();
  #noAgentsSinceMs: number | undefined;
  #lastSlowMs = -Infinity;

  private constructor(spec: FleetRunSpec) {
    this.#spec = spec;
    this.#boss = spec.fleet.database.boss({
      ...{ schedule: false, supervise: false, migrate: false, registerInstance: false },
    });
    this.#boss.on('error', () => undefined);
    this.#jobs = new RunJobs(this.#boss, spec.fleet.database, this.#id);
    this.#lost = new LostHosts(spec.fleet.database);
    this.#inbox = new Inbox(spec.fleet.database, this.#id);
    for (const { name, facts } of spec.hosts) this.#slotOf(name, facts.limits.slots);
  }

  static async open(spec: FleetRunSpec): Promise<FleetRun> {
    const run = new FleetRun(spec);
    await run.#boss.start();
    await run.#jobs.open();
    run.#pumping = run.#pump();
    return run;
  }

  readonly start = (attempt: Attempt): RemoteAttempt => {
    const { test } = attempt;
    const job: Job = {
      ...{ version: protocolVersion, run: this.#id, test: test.path, name: test.name },
      ...{ attempt: attempt.attempt, expectedMs: attempt.expectedMs },
      ...this.#spec.jobOf(attempt),
    };
    const up = (given: RemoteAttempt): void => {
      this.#attempts.delete(given.id);
      this.#jobs.giveUp(given);
    };
    const need = JSON.stringify(this.#spec.needOf(attempt));
    const remote = new RemoteAttempt(randomUUID(), need, attempt, job, { up });
    this.#attempts.set(remote.id, remote);
    this.#jobs.add(remote);
    return remote;
  };

  /** Sends and reads until the run is over. A database that stays away ends every attempt. */
  async #pump(): Promise<void> {
    let awaySinceMs: number | undefined;
    while (!this.#isOver) {
      try {
        await this.#jobs.send();
        await this.#inbox.read(this.#onEvent, this.#onResult);
        if (performance.now() - this.#lastSlowMs > slowPollMs) {
          this.#lastSlowMs = performance.now();
          await this.#lookAfter();
        }
        awaySinceMs = undefined;
      } catch (error) {
        awaySinceMs ??= performance.now();
        if (!isConnectionError(error) || performance.now() - awaySinceMs > awayMs) {
          const why = toFailure(error).message;
          this.#breakAll({ code: 'no-database', message: `the fleet's database failed: ${why}` });
        }
      }
      await pause(pollMs);
    }
  }

  readonly #onEvent = (row: Row): void => {
    const attempt = this.#attempts.get(row.job);
    if (attempt === undefined || (attempt.claim ?? -1) > row.try) return;
    const of = { test: attempt.attempt.test.name, attempt: attempt.attempt.attempt };
    const atMs = this.#spec.clock();
    try {
      const event = readMessage('event', row.body);
      if (event.type === 'started') this.#onStarted(attempt, row, event.slot);
      else if (event.type === 'phase') {
        this.#spec.emit({ type: 'phase-started', atMs, ...of, phase: event.phase });
      } else if (event.type === 'status') {
        const { side, status } = event;
        this.#spec.emit({ type: 'migration-status', atMs, ...of, side, status });
      } else {
        this.#warn(`${of.test}: host ${row.host}: ${event.message}`);
      }
    } catch (error) {
      this.#warn(`${of.test}: host ${row.host} sent ${toFailure(error).message}`);
    }
  };

  #onStarted(attempt: RemoteAttempt, row: Row, slot: number): void {
    const before = attempt.host;
    attempt.hosts.set(row.try, row.host);
    const { test, attempt: number, expectedMs } = attempt.attempt;
    if (before !== undefined) {
      this.#warn(`host ${before} was lost while it ran ${test.name}: ${row.host} runs it again`);
      return;
    }
    this.#spec.emit({
      ...{ type: 'test-started', atMs: this.#spec.clock(), test: test.name, attempt: number },
      ...{ slot: this.#slotOf(row.host) + slot, expectedMs },
    });
  }

  readonly #onResult = (row: Row): void => {
    const attempt = this.#attempts.get(row.job);
    if (attempt === undefined) return;
    this.#attempts.delete(row.job);
    if (attempt.claim !== row.try) this.#onStarted(attempt, row, 0);
    attempt.end(this.#endedBy(attempt, row));
  };

  #endedBy({ attempt }: RemoteAttempt, { host, body }: Row): Ended {
    let result: Result;
    try {
      result = readResult(body);
    } catch (error) {
      return { ...brokenEnd(toFailure(error, 'end')), host };
    }
    const slot = this.#slotOf(host) + result.slot;
    const ended: Ended = { ...result.report, memoryBytes: result.memoryBytes, host, slot };
    if (result.evidence === undefined) return ended;
    try {
      return { ...ended, directory: this.#spec.adopt(attempt, host, result, result.evidence) };
    } catch (error) {
      this.#warn(`${attempt.test.name}: cannot keep its evidence: ${toFailure(error).message}`);
      return ended;
    }
  }

  /** Hosts that are gone, attempts that no host could end, and a fleet without hosts. */
  async #lookAfter(): Promise<void> {
    await this.#jobs.touch();
    await this.#handOver();
    await this.#jobs.takeLost((data) => {
      this.#onLost(data ?? {});
    });
    const { hosts } = this.#spec;
    const live = await this.#spec.fleet.hosts();
    const isServed = live.some(({ isLive, isDraining }) => isLive && !isDraining);
    this.#noAgentsSinceMs = isServed ? undefined : (this.#noAgentsSinceMs ?? performance.now());
    if (this.#noAgentsSinceMs === undefined || this.#attempts.size === 0) return;
    if (performance.now() - this.#noAgentsSinceMs < noAgentsMs) return;
    this.#breakAll({
      code: 'no-agents',
      message: `no agent of the fleet was there for ${noAgentsMs / 1000} s; at the start there were ${hosts.map(({ name }) => name).join(', ')}`,
    });
  }

  /** At once where a connection shows it, not only after the heartbeat. */
  async #handOver(): Promise<void> {
    const gone = await this.#lost.find(this.#runningOn());
    for (const attempt of this.#attempts.values()) {
      const { host, claim } = attempt;
      if (host === undefined || claim === undefined || !gone.includes(host)) continue;
      await this.#jobs.handOver(attempt, claim);
    }
  }

  #runningOn(): string[] {
    const names = [...this.#attempts.values()].flatMap(({ host }) => host ?? []);
    return [...new Set(names)];
  }

  #onLost(data: Partial<Job>): void {
    const attempt = [...this.#attempts.values()].find(
      ({ job }) => job.name === data.name && job.attempt === data.attempt,
    );
    if (attempt === undefined) return;
    this.#attempts.delete(attempt.id);
    const hosts = [...attempt.hosts.values()];
    attempt.end({
      ...brokenEnd({
        code: 'hosts-lost',
        message: `${mostLostHosts} hosts were lost while they ran it: ${hosts.join(', ')}`,
      }),
      host: attempt.host,
    });
  }

  #breakAll(failure: Failure): void {
    for (const attempt of [...this.#attempts.values()]) {
      this.#attempts.delete(attempt.id);
      attempt.end(brokenEnd(failure));
    }
  }

  #warn(message: string): void {
    this.#spec.emit({ type: 'warning', atMs: this.#spec.clock(), message });
  }

  /** The first of a host's places among those of the run; hosts that join later come behind. */
  #slotOf(host: string, slots = 64): number {
    const known = this.#slotBases.get(host);
    if (known !== undefined) return known;
    const base = this.#nextBase;
    this.#slotBases.set(host, base);
    this.#nextBase += slots;
    return base;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await this.#pumping;
    try {
      await within(this.#jobs.clean(), { timeoutMs: endMs }, () => new Error('no end'));
    } catch {
      // the coordinator removes what runs left
    } finally {
      await this.#boss.stop({ graceful: false, close: false }).catch(() => undefined);
    }
  }
}

const brokenEnd = (failure: Failure): Ended => ({
  outcome: { kind: 'broken', failure },
  durationMs: 0,
  phases: [],
});
