/** A stress run, once everything is decided: rounds as events, one guest's life after another, figures at the end. */
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { endlessMs } from '../../model/deadline.js';
import { toFailure } from '../../model/errors.js';
import { eventSchema } from '../../model/events.js';
import type { DroverEvent } from '../../model/events.js';
import type { Failure, Outcome } from '../../model/outcome.js';
import type { OwnUse } from '../../model/stress.js';
import type { GuestShape } from '../../guest/shape.js';
import type { PairPlan } from '../../migration/plan.js';
import type { StressSpec } from '../../migration/stress/spec.js';
import {
  createEvidenceDirectory,
  createTestDirectory,
  moveDirectory,
  removeDirectory,
} from '../../qemu/work-directory.js';
import type { AttemptHandle, WorkerPool } from '../../schedule/pool.js';
import type { Progress } from '../../schedule/protocol.js';
import { stressPath } from '../../suite/stress.js';
import type { RoundReport } from '../../suite/stress.js';
import type { Environment } from '../process/environment.js';
import { exitCodeOf, exitCodes } from '../process/exit-codes.js';
import { closeReports, openReports } from '../options/report-options.js';
import { hostIdentity } from '../process/host-capacity.js';
import { identity } from '../run/run-facts.js';
import type { Interruption } from '../process/signals.js';
import type { StressOptions } from './stress-options.js';
import { droverVersion } from '../process/version.js';

export interface StressInput {
  readonly options: StressOptions;
  readonly environment: Environment;
  readonly plan: PairPlan;
  readonly spec: StressSpec;
  readonly guest: GuestShape;
  /** undefined: as many as `options.duration` lasts */
  readonly rounds: number | undefined;
  readonly rerun: string;
  readonly pool: WorkerPool;
  readonly directory: string;
  readonly interruption: Interruption;
}

export async function stressSession(input: StressInput): Promise<number> {
  const { options, plan, spec, interruption, rounds, rerun } = input;
  const reporters = await openReports(options, input.environment, options.out);
  const startMs = performance.now();
  const clock = (): number => performance.now() - startMs;
  const emit = (event: DroverEvent): void => {
    reporters.onEvent(event);
  };
  // the live console owns the terminal from here on, to the end of the run
  const { tell } = interruption;
  interruption.tell = (message) => {
    emit({ type: 'warning', atMs: clock(), message });
  };
  const name = `/${plan.arch}${stressPath(spec)}`;
  emit({
    type: 'run-started',
    schema: eventSchema,
    atMs: 0,
    time: new Date().toISOString(),
    drover: droverVersion(),
    host: hostIdentity(),
    source: identity(plan.source, plan.sourceFeatures),
    destination: identity(plan.destination, plan.destinationFeatures),
    machine: plan.machine,
    accel: plan.accel,
    workers: 1,
    total: rounds ?? 0,
    tests: [name],
    stress: { rerun, ...(options.duration === undefined ? {} : { lastsMs: options.duration }) },
  });
  const run = new StressRun(input, name, emit, clock);
  let failure: Failure | undefined;
  try {
    await run.all();
  } catch (error) {
    failure = toFailure(error);
  }
  const { counts } = run;
  const exitCode =
    failure === undefined ? exitCodeOf(counts, interruption.signal.aborted) : exitCodes.broken;
  emit({
    type: 'run-finished',
    atMs: clock(),
    counts,
    durationMs: clock(),
    exitCode,
    ...(failure === undefined ? {} : { failure }),
  });
  interruption.tell = tell;
  return await closeReports(reporters, exitCode);
}

class StressRun {
  readonly counts = { passed: 0, failed: 0, broken: 0, skipped: 0, cancelled: 0 };
  #round = 1;
  #roundStartMs = 0;
  #lives = 0;
  #evidence: string | undefined;

  constructor(
    private readonly input: StressInput,
    private readonly name: string,
    private readonly emit: (event: DroverEvent) => void,
    private readonly clock: () => number,
  ) {}

  /** One guest's life after another, until all rounds are through, or one that did not pass ends it. */
  async all(): Promise<void> {
    const { signal } = this.input.interruption;
    for (;;) {
      const outcome = await this.#life();
      // the rounds of a life that passed have been told one by one
      if (outcome.kind === 'passed') return;
      const goesOn =
        this.input.options.keepGoing === true &&
        outcome.kind === 'failed' &&
        outcome.failure.code === 'memory-damaged' &&
        !signal.aborted &&
        this.#isMore(this.#round);
      if (!goesOn) return;
      this.#round += 1;
    }
  }

  async #life(): Promise<Outcome> {
    const { input } = this;
    const { signal } = input.interruption;
    this.#lives += 1;
    const directory = createTestDirectory(input.directory, `stress-${this.#lives}`);
    const handle: AttemptHandle = input.pool.start(
      {
        path: stressPath(input.spec),
        stress: { spec: input.spec, guest: input.guest, firstRound: this.#round },
        plan: input.plan,
        directory,
        // each wait of a round has a deadline; how many rounds there are is the user's choice
        timeoutMs: endlessMs,
        rerun: input.rerun,
      },
      (message) => {
        this.#hear(message, handle);
      },
    );
    const cancel = (): void => {
      handle.cancel();
    };
    signal.addEventListener('abort', cancel, { once: true });
    if (signal.aborted) cancel();
    const { outcome, timeline } = await handle.report;
    signal.removeEventListener('abort', cancel);
    const kept = await this.#settle(outcome, directory);
    if (outcome.kind === 'passed') return outcome;
    this.counts[outcome.kind] += 1;
    this.emit({
      type: 'test-finished',
      ...this.#of(this.#round),
      outcome,
      durationMs: this.clock() - this.#roundStartMs,
      phases: [],
      ...(timeline === undefined ? {} : { timeline }),
      ...(kept === undefined ? {} : { directory: kept }),
    });
    return outcome;
  }

  #hear(message: Progress, handle: AttemptHandle): void {
    const of = this.#of(this.#round);
    switch (message.type) {
      case 'round-started':
        this.#round = message.round;
        this.#roundStartMs = this.clock();
        this.emit({ type: 'test-started', ...this.#of(message.round) });
        break;
      case 'phase':
        this.emit({ type: 'phase-started', ...of, phase: message.phase });
        break;
      case 'status':
        this.emit({
          type: 'migration-status',
          ...of,
          side: message.side,
          status: message.status,
        });
        break;
      case 'note':
        this.emit({ type: 'warning', atMs: this.clock(), message: message.message });
        break;
      case 'round':
        this.#passed(message.report);
        handle.next(this.#isMore(message.report.round) && !this.input.interruption.signal.aborted);
        break;
    }
  }

  #passed({ round, figures, migration, verdict, durationMs, phases }: RoundReport): void {
    this.counts.passed += 1;
    this.emit({
      type: 'test-finished',
      ...this.#of(round),
      outcome: { kind: 'passed', verdict, figures: migration },
      durationMs,
      phases,
      round: { ...figures, drover: ownUse() },
    });
  }

  #isMore(round: number): boolean {
    const { rounds, options } = this.input;
    return rounds === undefined ? this.clock() < (options.duration ?? 0) : round < rounds;
  }

  #of(round: number): { readonly atMs: number; readonly test: string; readonly attempt: number } {
    return { atMs: this.clock(), test: this.name, attempt: round };
  }

  /** Evidence stays, everything else goes. Says where it stays. */
  async #settle(outcome: Outcome, directory: string): Promise<string | undefined> {
    const { options, environment } = this.input;
    const evidence = outcome.kind === 'failed' || outcome.kind === 'broken';
    if (!evidence && options.keep !== true) {
      await removeDirectory(directory);
      return undefined;
    }
    this.#evidence ??=
      options.out === undefined
        ? createEvidenceDirectory(environment.temporaryDirectory)
        : path.resolve(options.out);
    const place = path.join(this.#evidence, `stress-round-${this.#round}`);
    await moveDirectory(directory, place);
    return place;
  }
}

/** Memory and descriptors of this process: what a run of days must not lose. */
function ownUse(): OwnUse {
  return {
    memoryBytes: privateBytes(),
    descriptors: readdirSync('/proc/self/fd').length,
  };
}

/** resident, and not shared: guests' memory is mapped while it is checked */
function privateBytes(): number {
  const kib = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return kib === undefined ? process.memoryUsage.rss() : Number(kib) * 1024;
}
