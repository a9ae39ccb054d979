/**
 * Every attempt in all runs, in short: what the history of a test needs. Each log is read once, in
 * pauses of the server, and again only when it changed.
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { setImmediate } from 'node:timers/promises';
import type { QemuIdentity } from '../model/events.js';
import { groupBy } from '../model/group-by.js';
import { testStatusOf } from '../report/fold/test-status.js';
import type { TestStatus } from '../report/fold/test-status.js';
import { eventFrom } from './run-store.js';
import type { RunStore, StoredRun } from './run-store.js';

export interface IndexedAttempt {
  readonly run: StoredRun;
  readonly test: string;
  readonly attempt: number;
  readonly status: TestStatus;
  readonly durationMs: number;
  /** code of the failure, where there is one */
  readonly code: string | undefined;
}

interface IndexedLog {
  readonly changedMs: number;
  readonly bytes: number;
  readonly attempts: readonly IndexedAttempt[];
}

export class AttemptIndex {
  readonly #store: RunStore;
  readonly #logs = new Map<string, IndexedLog>();
  #reading: Promise<IndexedAttempt[]> | undefined;

  constructor(store: RunStore) {
    this.#store = store;
  }

  /** Of all runs, the oldest first; several callers wait for the same reading. */
  async all(): Promise<IndexedAttempt[]> {
    this.#reading ??= this.#read().finally(() => (this.#reading = undefined));
    return await this.#reading;
  }

  async of(run: StoredRun): Promise<readonly IndexedAttempt[]> {
    const known = this.#logs.get(run.id);
    if (known?.changedMs === run.changedMs && known.bytes === run.bytes) return known.attempts;
    const attempts = await attemptsIn(run);
    this.#logs.set(run.id, { changedMs: run.changedMs, bytes: run.bytes, attempts });
    return attempts;
  }

  async #read(): Promise<IndexedAttempt[]> {
    const runs = this.#store.list().reverse();
    const there = new Set(runs.map(({ id }) => id));
    for (const id of this.#logs.keys()) if (!there.has(id)) this.#logs.delete(id);
    const all: IndexedAttempt[] = [];
    for (const run of runs) {
      // one by one: a run may have more attempts than a call takes arguments
      for (const attempt of await this.of(run)) all.push(attempt);
      await setImmediate();
    }
    return all;
  }
}

/** Line by line: a log may be longer than a string can be. None of a log that is gone. */
async function attemptsIn(run: StoredRun): Promise<IndexedAttempt[]> {
  const attempts: IndexedAttempt[] = [];
  try {
    for await (const line of createInterface({ input: createReadStream(run.log) })) {
      const attempt = attemptIn(run, line);
      if (attempt !== undefined) attempts.push(attempt);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return attempts;
}

function attemptIn(run: StoredRun, line: string): IndexedAttempt | undefined {
  const event = eventFrom(line, 'test-finished');
  if (event === undefined) return undefined;
  const { attempt, durationMs, outcome } = event;
  // half of a character could not be written into an address
  const test = event.test.replaceAll(/\p{Surrogate}/gu, '\ufffd');
  const code = 'failure' in outcome ? outcome.failure.code : undefined;
  return { run, test, attempt, status: testStatusOf(event), durationMs, code };
}

/** What decided: neither a retried attempt nor one that did not run. */
const decided: readonly TestStatus[] = ['passed', 'flaky', 'failed', 'broken', 'quarantined'];

export interface TestHistory {
  readonly test: string;
  readonly attempts: readonly IndexedAttempt[];
  /** attempts that decided; skipped and cancelled ones did not */
  readonly decided: number;
  /** of those, passed without a retry */
  readonly passed: number;
  /** share of changes between passed and not passed from one decided attempt to the next of the same builds */
  readonly flakiness: number;
  /** of passed attempts; undefined without one */
  readonly medianMs: number | undefined;
}

export function histories(attempts: readonly IndexedAttempt[]): TestHistory[] {
  return [...groupBy(attempts, ({ test }) => test)]
    .map(([test, own]) => historyOf(test, own))
    .sort((a, b) => b.flakiness - a.flakiness || (a.test < b.test ? -1 : 1));
}

export function historyOf(test: string, attempts: readonly IndexedAttempt[]): TestHistory {
  const counted = attempts.filter(({ status }) => decided.includes(status));
  const good = counted.filter(({ status }) => status === 'passed');
  const durations = good.map(({ durationMs }) => durationMs).sort((a, b) => a - b);
  return {
    ...{ test, attempts, decided: counted.length, passed: good.length },
    flakiness: flakinessOf(counted),
    medianMs: durations[Math.floor(durations.length / 2)],
  };
}

/**
 * A test that fails with one build of QEMU and passes with another is not flaky. So attempts are
 * compared with the attempt before them on the same builds; a pass on a retry counts as a change.
 */
function flakinessOf(counted: readonly IndexedAttempt[]): number {
  let pairs = 0;
  let changes = 0;
  for (const own of groupBy(counted, ({ run }) => buildsOf(run)).values()) {
    for (const [index, { status }] of own.entries()) {
      if (status === 'flaky') changes += 1;
      const before = own[index - 1];
      if (before === undefined && status !== 'flaky') continue;
      pairs += 1;
      if (before === undefined || status === 'flaky' || before.status === 'flaky') continue;
      if ((before.status === 'passed') !== (status === 'passed')) changes += 1;
    }
  }
  return pairs === 0 ? 0 : changes / pairs;
}

const buildOf = ({ version, package: of, digest }: QemuIdentity): string =>
  `${version}${of === '' ? '' : ` (${of})`}${digest === undefined ? '' : ` ${digest.slice(0, 8)}`}`;

/** Both QEMUs of a run; with the digest, since two builds may have one version. */
export function buildsOf({ started: { source, destination } }: StoredRun): string {
  const [from, to] = [buildOf(source), buildOf(destination)];
  return from === to ? from : `${from} to ${to}`;
}
