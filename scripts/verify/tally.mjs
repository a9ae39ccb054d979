// Adds up what the checks and tests of `npm test` found, and prints it. Leaves out running them.

/** A finding: { title, passed, failed, skipped, tookMs, detail?, skips? }. */
export function finding(
  title,
  tookMs,
  { passed = 0, failed = 0, skipped = 0, detail, skips = [] },
) {
  return { title, tookMs, passed, failed, skipped, detail, skips };
}

/** One check that either holds or does not. */
export function check(title, tookMs, ok, detail) {
  return finding(title, tookMs, {
    passed: ok ? 1 : 0,
    failed: ok ? 0 : 1,
    detail: ok ? undefined : detail,
  });
}

/** The result of `work`, and the milliseconds it took. */
export async function timed(work) {
  const startMs = performance.now();
  const result = await work();
  return [result, performance.now() - startMs];
}

export function total(findings) {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const found of findings) for (const key of Object.keys(sum)) sum[key] += found[key];
  return sum;
}

export const inSeconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

/** One line when a check is done, and its whole output when it failed. */
export function progressLine(found) {
  const counts = [
    found.passed > 1 ? `${found.passed} passed` : '',
    found.failed > 0 && found.passed > 0 ? `${found.failed} failed` : '',
    found.skipped > 0 ? `${found.skipped} skipped` : '',
  ].filter(Boolean);
  const line = [
    found.failed > 0 ? 'FAIL' : 'ok  ',
    found.title.padEnd(34),
    inSeconds(found.tookMs).padStart(8),
    counts.join(', '),
  ];
  const detail = found.detail ? `\n${found.detail.trimEnd().replace(/^/gm, '     ')}` : '';
  return line.join(' ').trimEnd() + detail;
}

/** Reasons of skipped tests, the commonest first, each with how many tests gave it. */
export function skipReasons(findings) {
  const counts = new Map();
  for (const reason of findings.flatMap((found) => found.skips)) {
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1]).map(([reason, count]) => `${count} x ${reason}`);
}

/** The closing lines: why tests were skipped, what failed, and the sum as the last line. */
export function closing(findings, tookMs) {
  const { passed, failed, skipped } = total(findings);
  const reasons = skipReasons(findings);
  const failures = findings.filter((found) => found.failed > 0).map((found) => found.title);
  return [
    '',
    ...(reasons.length > 0 ? ['skipped because:', ...reasons.map((reason) => `  ${reason}`)] : []),
    ...(failures.length > 0 ? [`FAILED: ${failures.join(', ')}`] : []),
    `all of it took ${inSeconds(tookMs)}`,
    `${passed} passed, ${failed} failed, ${skipped} skipped`,
  ].join('\n');
}
