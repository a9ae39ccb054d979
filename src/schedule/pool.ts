/**
 * The worker threads. The only file that uses Piscina, set up so that a worker takes one task at a
 * time and its event loop runs between tasks (otherwise it would not see a child process exit).
 */
import { MessageChannel } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { toFailure } from '../model/errors.js';
import type { Failure } from '../model/outcome.js';
import { answerRequest } from './certificate-requests.js';
import type { AttemptReport, AttemptTask, FromWorker, Progress, ToWorker } from './protocol.js';

/** how long a worker may clean up after the test's own deadline */
const usualGraceMs = 60_000;

export interface PoolOptions {
  /** the worker's entry; Drover's own unless a test brings another */
  readonly entry?: URL;
  readonly graceMs?: number;
}

export interface AttemptHandle {
  readonly report: Promise<AttemptReport>;
  /** asks the worker to end the attempt and clean up */
  readonly cancel: () => void;
  /** reports that a round of a stress run has ended */
  readonly next: (more: boolean) => void;
}

/**
 * Node 20.20 aborts where a thread ends while `require` loads a module of ES for it, which Piscina
 * tries before `import`.
 */
const asyncImportOnly = process.allowedNodeEnvironmentFlags.has('--experimental-require-module')
  ? ['--no-experimental-require-module']
  : [];

export class WorkerPool {
  readonly #piscina: Piscina;

  readonly #graceMs: number;
  #closing = false;

  constructor(threads: number, options: PoolOptions = {}) {
    this.#graceMs = options.graceMs ?? usualGraceMs;
    this.#piscina = new Piscina({
      filename: (options.entry ?? new URL('./worker.js', import.meta.url)).href,
      minThreads: threads,
      maxThreads: threads,
      concurrentTasksPerWorker: 1,
      execArgv: [...process.execArgv, ...asyncImportOnly],
      atomics: 'disabled',
      // Idle workers cost nothing: keep them to the end of the run.
      idleTimeout: Infinity,
    });
  }

  /** Never rejects: a thread that dies or does not answer becomes a `broken` outcome. */
  start(task: Omit<AttemptTask, 'port'>, onMessage: (message: Progress) => void): AttemptHandle {
    const { port1, port2 } = new MessageChannel();
    const send = (message: ToWorker): void => {
      port1.postMessage(message);
    };
    port1.on('message', (message: FromWorker) => {
      if (message.type === 'certificates') void answerRequest(message).then(send);
      else onMessage(message);
    });
    // Last resort only: it kills the thread, and the launcher ends the thread's QEMUs with it.
    const kill = new AbortController();
    const startMs = performance.now();
    const watchdog = setTimeout(() => {
      kill.abort();
    }, task.timeoutMs + this.#graceMs);
    const run = async (): Promise<AttemptReport> => {
      try {
        return (await this.#piscina.run(
          { ...task, port: port2 },
          { transferList: [port2], signal: kill.signal },
        )) as AttemptReport;
      } catch (error) {
        return {
          outcome: this.#closing
            ? { kind: 'cancelled' }
            : { kind: 'broken', failure: this.#lost(error, kill.signal.aborted) },
          durationMs: performance.now() - startMs,
          phases: [],
        };
      } finally {
        clearTimeout(watchdog);
        port1.close();
      }
    };
    return {
      report: run(),
      cancel: () => {
        send({ type: 'cancel' });
      },
      next: (more) => {
        send({ type: 'next', more });
      },
    };
  }

  /** Ends the threads, and cancels what still runs. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.#piscina.destroy();
  }

  #lost(error: unknown, killed: boolean): Failure {
    const failure = toFailure(error);
    return killed
      ? {
          code: 'worker-stuck',
          message: `the worker thread did not answer within ${this.#graceMs / 1000} s after the test's deadline and was ended, with its QEMUs`,
        }
      : {
          ...failure,
          code: 'worker-died',
          message: `the worker thread died: ${failure.message}`,
        };
  }
}
