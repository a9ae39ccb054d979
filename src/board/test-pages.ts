/** The pages about tests over all runs: the list, and the history of one. */
import * as Plot from '@observablehq/plot';
import { number, scrollTable } from '../bench/html/parts.js';
import { drawn, wideWidth } from '../bench/html/svg.js';
import { groupBy } from '../model/group-by.js';
import { counted, formatDuration } from '../model/text/format.js';
import { element, escaped } from '../report/html-text.js';
import { buildsOf, historyOf } from './attempt-index.js';
import type { IndexedAttempt, TestHistory } from './attempt-index.js';
import { boardPage, matches, searchForm } from './page.js';
import { badge } from './run-pages.js';

const mostTests = 2000;
const mostAttempts = 500;
const percent = (share: number): string =>
  `${(100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;

function figures({ decided, passed, flakiness, medianMs }: TestHistory): string {
  return [
    ...[number(String(decided)), number(decided === 0 ? '' : percent(passed / decided))],
    number(decided === 0 ? '' : percent(flakiness)),
    number(medianMs === undefined ? '' : formatDuration(medianMs)),
  ].join('');
}

const figureHeads = ['Attempts', 'Passed', 'Flakiness', 'Median time'];

export function testsPage(all: readonly TestHistory[], query: string): string {
  const found = all.filter(({ test }) => query === '' || matches(query, test));
  const rows = found.slice(0, mostTests).map((history) => {
    const last = history.attempts.at(-1);
    const name = encodeURIComponent(history.test);
    return `<tr><td><a href="/test?name=${name}">${escaped(history.test)}</a></td>${figures(history)}<td>${last === undefined ? '' : badge(last.status)}</td></tr>`;
  });
  const caption = `${counted(found.length, 'test')}, the most flaky first. Flakiness: share of attempts whose outcome differs from the attempt before it with the same builds of QEMU, or that passed only on a retry.`;
  const content =
    found.length === 0
      ? element('p', 'No test of this name ran.')
      : scrollTable(caption, ['Test', ...figureHeads, 'Last outcome'], rows);
  const form = searchForm('/tests', 'Part of the path of a test', query);
  return boardPage({ title: 'Tests', at: '/tests', content: form + content });
}

export function testPage(history: TestHistory): string {
  const { test, attempts } = history;
  const ran = attempts.filter(({ status }) => status !== 'skipped');
  const builds = [...groupBy(attempts, ({ run }) => buildsOf(run))].map(
    ([name, own]) => `<tr>${element('td', name)}${figures(historyOf(test, own))}</tr>`,
  );
  const rows = attempts
    .slice(-mostAttempts)
    .reverse()
    .map(
      ({ run, attempt, status, durationMs, code }) =>
        `<tr><td><a href="/run/${run.id}/">${escaped(run.started.time.slice(0, 19).replace('T', ' '))}</a></td>${number(String(attempt))}<td>${badge(status)}</td>${number(formatDuration(durationMs))}${element('td', buildsOf(run))}${element('td', run.started.host.hostname)}${element('td', code ?? '')}</tr>`,
    );
  const heads = ['Run begun (UTC)', 'Attempt', 'Outcome', 'Time', 'QEMU', 'Host', 'Failure code'];
  const content = `<h2>Time of each attempt</h2>
${ran.length === 0 ? element('p', 'Every attempt was skipped.') : drawing(ran.slice(-mostAttempts))}
<h2>By build of QEMU</h2>
${scrollTable('All attempts that were decided, by the builds of both sides', ['QEMU', ...figureHeads], builds)}
<h2>Attempts</h2>
${scrollTable(`${counted(attempts.length, 'attempt')}, the newest first`, heads, rows)}`;
  return boardPage({ title: test, at: '/tests', content });
}

const shape = (status: string): string =>
  status === 'passed' ? 'passed' : status === 'failed' || status === 'broken' ? 'failed' : 'other';

function drawing(attempts: readonly IndexedAttempt[]): string {
  const points = attempts.map(({ durationMs, status, run }, index) => ({
    order: index + 1,
    seconds: durationMs / 1000,
    shape: shape(status),
    title: `${run.started.time.slice(0, 16)}: ${status}, ${formatDuration(durationMs)}, ${buildsOf(run)}`,
  }));
  const bad = points.filter((point) => point.shape === 'failed').length;
  const marks = (['passed', 'failed', 'other'] as const).map((name) =>
    Plot.dot(
      points.filter((point) => point.shape === name),
      {
        ...{ x: 'order', y: 'seconds', title: 'title', r: 4 },
        symbol: { passed: 'circle', failed: 'times', other: 'diamond' }[name],
        stroke: `var(--draw-${name})`,
      },
    ),
  );
  const svg = drawn({
    summary: `Time of ${counted(points.length, 'attempt')} in the order of runs; ${bad} did not pass.`,
    width: wideWidth,
    height: 240,
    marginLeft: 56,
    x: { label: 'attempt, by time', domain: [0.5, points.length + 0.5], tickFormat: 'd' },
    y: { label: 'time (s)', grid: true, nice: true, zero: true },
    marks,
  });
  return `<div class="wide" tabindex="0" role="group" aria-label="Time of each attempt">${svg}</div>
<p class="soft">Circle: passed. Cross: failed or broken. Diamond: flaky, retried, cancelled or quarantined.</p>`;
}
