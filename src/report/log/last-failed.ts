/** Which tests of an earlier run did not pass: failed, broken, cancelled, or never run. */
import { eventLogPath, readEventLog, runsIn } from './read-log.js';
import { testStatusOf } from '../fold/test-status.js';

/**
 * Names of tests, in the order of that run. A test that failed and passed on a retry is not among
 * them.
 */
export async function lastFailed(place: string, note?: (text: string) => void): Promise<string[]> {
  const bad = new Set<string>();
  for (const run of await runsIn(place)) {
    const left = new Set<string>();
    for await (const event of readEventLog(await eventLogPath(run), note)) {
      if (event.type === 'run-started') for (const test of event.tests) left.add(test);
      if (event.type !== 'test-finished') continue;
      const status = testStatusOf(event);
      if (status === 'retried') continue;
      left.delete(event.test);
      if (!['passed', 'flaky', 'skipped'].includes(status)) bad.add(event.test);
    }
    for (const test of left) bad.add(test);
  }
  return [...bad];
}
