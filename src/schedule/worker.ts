/**
 * The worker's entry: one attempt per call. It returns plain data whatever happens, and only after
 * all that it started has ended.
 */
import { Cancelled } from '../model/deadline.js';
import { toFailure } from '../model/errors.js';
import type { TestDefinition } from '../suite/definition.js';
import { findTest } from '../suite/registry.js';
import { runAttempt } from '../suite/attempt.js';
import { CertificateRequests } from './certificate-requests.js';
import type { AttemptReport, AttemptTask, FromWorker, ToWorker } from './protocol.js';

export default async function attempt(task: AttemptTask): Promise<AttemptReport> {
  const { port } = task;
  const cancel = new AbortController();
  let next: ((more: boolean) => void) | undefined;
  const send = (message: FromWorker): void => {
    port.postMessage(message);
  };
  const certificates = new CertificateRequests(send);
  port.on('message', (message: ToWorker) => {
    if (message.type === 'cancel') cancel.abort(new Cancelled());
    else if (message.type === 'next') next?.(message.more);
    else certificates.onAnswer(message);
  });
  try {
    let definition: TestDefinition;
    try {
      definition =
        task.stress === undefined
          ? await definitionOf(task)
          : (await import('../suite/stress.js')).stressTest(task.stress, {
              started: (round) => {
                send({ type: 'round-started', round });
              },
              finished: async (report) => {
                const answer = new Promise<boolean>((resolve) => (next = resolve));
                send({ type: 'round', report });
                return await answer;
              },
            });
    } catch (error) {
      const failure = toFailure(error, 'prepare');
      return { outcome: { kind: 'broken', failure }, durationMs: 0, phases: [] };
    }
    return await runAttempt({
      definition,
      isForeign: task.file !== undefined,
      plan: task.plan,
      directory: task.directory,
      timeoutMs: task.timeoutMs,
      rerun: task.rerun,
      signal: cancel.signal,
      certificates: certificates.make,
      onPhase: (phase) => {
        send({ type: 'phase', phase });
      },
      onNote: (message) => {
        send({ type: 'note', message });
      },
      onStatus: (side, status) => {
        send({ type: 'status', side, status });
      },
    });
  } finally {
    port.close();
  }
}

async function definitionOf({ path, file, bench }: AttemptTask): Promise<TestDefinition> {
  // only runs that need it load it
  if (bench !== undefined) return (await import('../suite/bench.js')).benchTest(path, bench);
  if (file !== undefined) {
    const { loadUserTest } = await import('../suite/user-tests.js');
    return await loadUserTest(file, path);
  }
  const definition = findTest(path);
  if (definition === undefined) throw new Error(`worker knows no test ${path}`);
  return definition;
}
