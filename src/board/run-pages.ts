/** The pages about runs: the list of all, and one. Pure. */
import type { IndexedAttempt } from './attempt-index.js';
import { buildsOf } from './attempt-index.js';
import { boardPage, matches, searchForm } from './page.js';
import type { StoredRun } from './run-store.js';
import { number, scrollTable } from '../bench/html/parts.js';
import { countsText, noCounts, totalOf } from '../report/fold/counts.js';
import { element, escaped } from '../report/html-text.js';
import { counted, formatDuration } from '../model/text/format.js';

/** a log that changed within this time belongs to a run that goes on, as far as a file can show */
const quietMs = 120_000;
const mostRuns = 1000;
const mostAttempts = 2000;

export type RunState = 'passed' | 'failed' | 'broken' | 'cancelled' | 'running' | 'unfinished';

export function stateOf({ finished, changedMs }: StoredRun, nowMs: number): RunState {
  if (finished === undefined) return nowMs - changedMs < quietMs ? 'running' : 'unfinished';
  const states: Readonly<Record<number, RunState>> = { 0: 'passed', 1: 'failed', 130: 'cancelled' };
  return states[finished.exitCode] ?? 'broken';
}

export const badge = (status: string): string =>
  `<span class="status ${escaped(status)}">${escaped(status)}</span>`;

const kindOf = ({ started: { stress, matrix, route } }: StoredRun): string =>
  stress ? 'stress' : matrix ? 'matrix' : route ? 'chain' : 'run';

const begun = ({ started: { time } }: StoredRun): string => time.slice(0, 19).replace('T', ' ');

function textOf(run: StoredRun, nowMs: number): string {
  const { host, machine, accel, source, destination } = run.started;
  return [
    ...[run.name, begun(run), kindOf(run), stateOf(run, nowMs), buildsOf(run)],
    ...[source.command, destination.command, host.hostname, machine, accel],
  ].join(' ');
}

export interface RunsQuery {
  readonly query: string;
  /** from 1 */
  readonly page: number;
  readonly nowMs: number;
}

export function runsPage(runs: readonly StoredRun[], { query, page, nowMs }: RunsQuery): string {
  const found = query === '' ? runs : runs.filter((run) => matches(query, textOf(run, nowMs)));
  const shown = found.slice((page - 1) * mostRuns, page * mostRuns);
  const rows = shown.map((run) => {
    const { finished, started } = run;
    const counts = finished?.counts ?? noCounts;
    const tests = finished === undefined ? `${started.total} planned` : countsText(counts);
    return `<tr><td><a href="/run/${run.id}/">${escaped(begun(run))}</a></td><td>${badge(stateOf(run, nowMs))}</td>${element('td', tests)}${number(finished === undefined ? '' : formatDuration(finished.durationMs))}${element('td', kindOf(run))}${element('td', buildsOf(run))}${element('td', started.host.hostname)}${element('td', run.name)}</tr>`;
  });
  const head = ['Begun (UTC)', 'State', 'Tests', 'Time', 'Kind', 'QEMU', 'Host', 'Folder'];
  const pages = Math.ceil(found.length / mostRuns);
  const links = Array.from({ length: pages }, (_, index) => index + 1).map((each) =>
    each === page
      ? `<span aria-current="page">${each}</span>`
      : `<a href="/?q=${encodeURIComponent(query)}&amp;page=${each}">${each}</a>`,
  );
  const more = pages > 1 ? `<p>Pages: ${links.join(' ')}</p>` : '';
  const caption = `${counted(found.length, 'run')}, the newest first`;
  const content =
    found.length === 0
      ? element('p', query === '' ? 'No runs in this folder.' : 'No run has all these words.')
      : scrollTable(caption, head, rows) + more;
  const label = 'Folder, QEMU, host, date, state';
  return boardPage({ title: 'Runs', at: '/', content: searchForm('/', label, query) + content });
}

export function runPage(
  run: StoredRun,
  attempts: readonly IndexedAttempt[],
  nowMs: number,
): string {
  const { started, finished, id } = run;
  const state = stateOf(run, nowMs);
  const facts: (readonly [string, string])[] = [
    ['Begun (UTC)', begun(run)],
    ['Folder', run.folder],
    ['QEMU', buildsOf(run)],
    ['Machine', `${started.machine}, ${started.accel}`],
    ['Host', `${started.host.hostname}, ${started.host.cpu}, ${started.host.kernel}`],
    ['Drover', started.drover],
    ...(finished === undefined
      ? []
      : ([
          ['Tests', `${countsText(finished.counts)} of ${totalOf(finished.counts)}`],
          ['Time', formatDuration(finished.durationMs)],
        ] as const)),
    ...(finished?.failure === undefined ? [] : ([['Failure', finished.failure.message]] as const)),
  ];
  const list = facts.map(([name, text]) => element('dt', name) + element('dd', text)).join('\n');
  const report = `<p>${badge(state)} <a href="report.html">Open the report</a></p>`;
  const live = state === 'running' ? liveSection(id) : '';
  return boardPage({
    title: `Run of ${begun(run)}`,
    at: '/',
    content: `${report}<dl>${list}</dl>\n${live}${attemptsTable(attempts)}`,
  });
}

function liveSection(id: string): string {
  const section = (name: string, title: string, heads: readonly string[]): string =>
    `<section hidden><h3>${title}</h3><div class="wide" tabindex="0" role="group" aria-label="${title}"><table><thead><tr>${heads
      .map((head) => `<th scope="col">${head}</th>`)
      .join('')}</tr></thead><tbody id="live-${name}"></tbody></table></div></section>\n`;
  return `<section id="live" data-events="/run/${id}/events" aria-label="Progress">
<h2>Progress</h2>
<p id="live-state" class="soft">This needs JavaScript; reload the page to see more.</p>
<p id="live-counts" role="status"></p>
${section('running', 'Running', ['Test', 'Attempt', 'Phase', 'Since'])}${section('bad', 'Not passed', ['Test', 'Outcome', 'Why'])}${section('rounds', 'Rounds, the newest first', ['Round', 'Migration', 'Downtime', 'Iterations', 'Pages verified'])}</section>
`;
}

function attemptsTable(attempts: readonly IndexedAttempt[]): string {
  const rows = attempts
    .slice(0, mostAttempts)
    .map(
      ({ test, attempt, status, durationMs, code }) =>
        `<tr><td><a href="/test?name=${encodeURIComponent(test)}">${escaped(test)}</a></td>${number(String(attempt))}<td>${badge(status)}</td>${number(formatDuration(durationMs))}${element('td', code ?? '')}</tr>`,
    );
  const shown = attempts.length > mostAttempts ? `, the first ${mostAttempts} shown` : '';
  const caption = `${counted(attempts.length, 'attempt')} ended${shown}; a test's name opens its history`;
  const head = ['Test', 'Attempt', 'Outcome', 'Time', 'Failure code'];
  return `<h2>Tests</h2>\n${scrollTable(caption, head, rows)}`;
}
