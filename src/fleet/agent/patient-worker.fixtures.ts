/** A worker's entry whose attempt lasts until it is cancelled, or passes after a moment. */
import type { AttemptReport, AttemptTask, ToWorker } from '../../schedule/protocol.js';

const momentMs = 100;

// Piscina takes the default export.
// eslint-disable-next-line no-restricted-syntax
export default async function attempt({ path, port }: AttemptTask): Promise<AttemptReport> {
  const report = (outcome: AttemptReport['outcome']): AttemptReport => ({
    ...{ outcome, durationMs: momentMs, phases: [] },
  });
  return await new Promise((resolve) => {
    const timer = setTimeout(
      () => {
        port.close();
        resolve(report({ kind: 'passed' }));
      },
      path.endsWith('/long') ? 60_000 : momentMs,
    );
    port.on('message', (message: ToWorker) => {
      if (message.type !== 'cancel') return;
      clearTimeout(timer);
      port.close();
      resolve(report({ kind: 'cancelled' }));
    });
  });
}
