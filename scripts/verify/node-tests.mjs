// Runs files of node:test, shows what its reporter prints, and adds up. Leaves out choosing the files: see parts.mjs.
import { run } from 'node:test';
import { spec as SpecReporter } from 'node:test/reporters';

const SUM_LINE = /^(pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/;

/** Returns { passed, failed, skipped, skips, tookMs }. `namePattern` limits the run to tests whose name matches. */
export async function runNodeTests(
  { files, concurrency, timeoutMs },
  { namePattern, out = process.stdout } = {},
) {
  const sums = { pass: 0, fail: 0, cancelled: 0, skipped: 0, todo: 0, duration_ms: 0 };
  const skips = [];
  let skippedSuites = 0;
  const events = run({
    ...{ files, concurrency, timeout: timeoutMs },
    ...(namePattern ? { testNamePatterns: [namePattern] } : {}),
  });
  events.on('test:diagnostic', ({ nesting, file, message }) => {
    // Lines that a test prints as diagnostics carry its file; those of the run itself do not.
    const [, key, value] = (nesting === 0 && file === undefined && SUM_LINE.exec(message)) || [];
    if (key) sums[key] = Number(value);
  });
  events.on('test:pass', ({ skip, details }) => {
    if (!skip) return;
    skips.push(skip === true ? 'no reason given' : skip);
    // The members of a skipped suite are never seen, and node counts tests only: here it is one.
    if (details?.type === 'suite') skippedSuites += 1;
  });
  for await (const text of events.compose(new SpecReporter())) out.write(text);
  return {
    passed: sums.pass,
    failed: sums.fail + sums.cancelled,
    skipped: sums.skipped + sums.todo + skippedSuites,
    skips: [...skips, ...Array.from({ length: sums.todo }, () => 'marked as to do')],
    tookMs: sums.duration_ms,
  };
}
