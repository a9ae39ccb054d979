// Runs groups of node:test files one after another, each with its own concurrency, and reports them as
// one run with one summary. Leaves out choosing the files: see parts.mjs.
import { Readable } from 'node:stream';
import { run } from 'node:test';
import { spec as SpecReporter } from 'node:test/reporters';

const SUMS = ['tests', 'suites', 'pass', 'fail', 'cancelled', 'skipped', 'todo', 'duration_ms'];
const SUM_LINE = new RegExp(`^(${SUMS.join('|')}) ([\\d.]+)$`);

// Lines that a test prints as diagnostics carry its file; those of the run itself do not.
const sumOf = ({ type, data }) =>
  type === 'test:diagnostic' && data.nesting === 0 && data.file === undefined
    ? SUM_LINE.exec(data.message)
    : null;

/** The events of all `streams` (functions, so that each starts when its turn comes) with one sum. */
export async function* merged(streams, onSums) {
  const sums = Object.fromEntries(SUMS.map((key) => [key, 0]));
  for (const start of streams) {
    const own = Object.fromEntries(SUMS.map((key) => [key, 0]));
    const skips = [];
    for await (const event of start()) {
      const sum = sumOf(event);
      if (sum) {
        own[sum[1]] += Number(sum[2]);
        continue;
      }
      if (event.type === 'test:pass' && event.data.skip) {
        skips.push(event.data.skip === true ? 'no reason given' : event.data.skip);
        // The members of a skipped suite are never seen, and node counts tests only: here it is one.
        if (event.data.details?.type === 'suite') {
          own.tests += 1;
          own.skipped += 1;
        }
      }
      // The summary of one group would be taken for that of the whole.
      if (event.type !== 'test:summary') yield event;
    }
    for (const key of SUMS) sums[key] += own[key];
    onSums(own, skips);
  }
  for (const key of SUMS) {
    yield { type: 'test:diagnostic', data: { nesting: 0, message: `${key} ${sums[key]}` } };
  }
}

/**
 * `groups`: { files, concurrency, timeoutMs }. Returns one { passed, failed, skipped, skips, tookMs } per
 * group. `namePattern` limits the run to tests whose name matches.
 */
export async function runNodeTests(groups, { namePattern, out = process.stdout } = {}) {
  const results = [];
  const streams = groups.map(({ files, concurrency, timeoutMs }) => () => {
    const testNamePatterns = namePattern ? { testNamePatterns: [namePattern] } : {};
    return run({ files, concurrency, timeout: timeoutMs, ...testNamePatterns });
  });
  const events = merged(streams, (sums, skips) => {
    results.push({
      passed: sums.pass,
      failed: sums.fail + sums.cancelled,
      skipped: sums.skipped + sums.todo,
      skips: [...skips, ...Array.from({ length: sums.todo }, () => 'marked as to do')],
      tookMs: sums.duration_ms,
    });
  });
  for await (const text of Readable.from(events).compose(new SpecReporter())) out.write(text);
  return results;
}
