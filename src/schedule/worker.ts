/**
 * The worker's entry: one attempt per call. It returns plain data whatever happens, and only after
 * all that it started has ended.
 */
import { Cancelled } from '../model/deadline.js';
import { findTest } from '../suite/registry.js';
import { runAttempt } from '../suite/attempt.js';
import type { AttemptReport, AttemptTask, FromWorker, ToWorker } from './protocol.js';

export default async function attempt(task: AttemptTask): Promise<AttemptReport> {
  const { port } = task;
  const cancel = new AbortController();
  // cancellation is all that is ever sent here
  port.on('message', (_message: ToWorker) => {
    cancel.abort(new Cancelled());
  });
  const send = (message: FromWorker): void => {
    port.postMessage(message);
  };
  try {
    const definition = findTest(task.path);
    if (definition === undefined) throw new Error(`worker knows no test ${task.path}`);
    return await runAttempt({
      definition,
      plan: task.plan,
      directory: task.directory,
      timeoutMs: task.timeoutMs,
      rerun: task.rerun,
      signal: cancel.signal,
      onPhase: (phase) => {
        send({ type: 'phase', phase });
      },
      onStatus: (side, status) => {
        send({ type: 'status', side, status });
      },
    });
  } finally {
    port.close();
  }
}
