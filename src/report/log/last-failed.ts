/** Which tests of an earlier run did not pass: failed, broken, cancelled, or never run. */
import { eventLogPath, readEventLog } from './read-log.js';
import { standingOf } from '../fold/effective-outcome.js';

/** Names of tests, in the order of that run. A test that failed and passed on a retry is not among them. */
export async function lastFailed(place: string, note?: (text: string) => void): Promise<string[]> {
  const left = new Set<string>();
  const bad = new Set<string>();
  for await (const event of readEventLog(await eventLogPath(place), note)) {
    if (event.type === 'run-started') for (const test of event.tests) left.add(test);
    if (event.type !== 'test-finished') continue;
    const standing = standingOf(event);
    if (standing === 'retried') continue;
    left.delete(event.test);
    if (!['passed', 'flaky', 'skipped'].includes(standing)) bad.add(event.test);
  }
  return [...bad, ...[...left].filter((test) => !bad.has(test))];
}
