/** The page of a report: its frame, and which view the address asks for. */
import { formatCount, formatDuration } from '../../../model/text/format.js';
import { testStatuses } from '../../fold/test-status.js';
import { dateText } from './badge.js';
import { readData } from './data.js';
import type { ReportData } from './data.js';
import { h } from './dom.js';
import { runView, skippedView, slowestView } from './overviews.js';
import { resultsView } from './results.js';
import { testView } from './test-view.js';
import { themeButton } from './theme.js';
import { workersView } from './workers.js';

const views = [
  { path: '/', title: 'Results' },
  { path: '/workers', title: 'Workers' },
  { path: '/slowest', title: 'Slowest' },
  { path: '/skipped', title: 'Skipped' },
  { path: '/run', title: 'Run' },
] as const;

function summaryText({ rows }: ReportData): string {
  const counts = testStatuses
    .map((status) => ({
      status,
      count: rows.filter((row) => row.status === status).length,
    }))
    .filter(({ count }) => count > 0)
    .map(({ status, count }) => `${formatCount(count)} ${status}`);
  return counts.length === 0 ? 'no tests' : counts.join(', ');
}

function header(data: ReportData, onTheme: () => void): HTMLElement {
  const versions = [...new Set(data.runs.map((run) => run.versions))];
  const many = `${formatCount(data.runs.length)} runs`;
  const times = data.runs.map(({ durationMs }) => formatDuration(durationMs)).join(', ');
  const about = [
    versions.length > 3
      ? `${formatCount(versions.length)} pairs of QEMUs`
      : `QEMU ${versions.join(', ')}`,
    data.runs.length > 1 ? many : times,
    dateText(data.runs[0]?.started?.time ?? ''),
  ];
  return h(
    'header',
    { class: 'top' },
    h(
      'div',
      {},
      h('h1', {}, 'Drover report'),
      h('p', { class: 'summary' }, summaryText(data)),
      h('p', {}, about.filter((part) => part !== '').join(' · ')),
    ),
    themeButton(onTheme),
  );
}

function problems({ runs }: ReportData): HTMLElement | undefined {
  const told = runs.flatMap((run) =>
    run.problems.map((text) => (runs.length > 1 ? `${run.versions}: ${text}` : text)),
  );
  if (told.length === 0) return undefined;
  return h(
    'div',
    { role: 'alert', class: 'problems' },
    h('strong', {}, 'This report is not of a whole run'),
    h('ul', {}, ...told.map((text) => h('li', {}, text))),
  );
}

function start(): void {
  const data = readData();
  const results = resultsView(data);
  const main = h('main', { id: 'main' });
  const links = views.map(({ path, title }) => ({
    path,
    link: h('a', { href: `#${path}` }, title),
  }));
  let shown: string | undefined;

  const neighbour = (index: number, step: number): number | undefined => {
    const listed = results.rows();
    const at = listed.findIndex((row) => data.rows[index] === row);
    const row = at < 0 ? undefined : listed[at + step];
    return row === undefined ? undefined : data.rows.indexOf(row);
  };
  const element = (path: string, query: string): HTMLElement => {
    const test = /^\/test\/(\d+)$/.exec(path)?.[1];
    if (test !== undefined) {
      const index = Number(test);
      const [before, after] = [neighbour(index, -1), neighbour(index, 1)];
      return testView(data, index, { list: results.address(), before, after });
    }
    if (path === '/workers') return workersView(data);
    if (path === '/slowest') return slowestView(data);
    if (path === '/skipped') return skippedView(data);
    if (path === '/run') return runView(data);
    results.show(query);
    return results.element;
  };
  const route = (): void => {
    const [path = '/', query = ''] = location.hash.slice(1).split('?');
    const at = path === '' ? '/' : path;
    main.replaceChildren(element(at, query));
    for (const { path: own, link } of links) {
      const isCurrent = own === at || (own === '/' && at.startsWith('/test/'));
      if (isCurrent) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
    const heading = main.querySelector<HTMLElement>('h2');
    document.title = `${heading?.textContent ?? ''}: Drover report`;
    // After a link, the focus and the announcement move to its target; a page that is opened starts
    // at its top.
    if (shown !== undefined && shown !== at) {
      scrollTo(0, 0);
      heading?.focus();
    }
    shown = at;
  };
  const redraw = (): void => {
    for (const canvas of main.querySelectorAll('canvas')) canvas.dispatchEvent(new Event('redraw'));
  };
  const skip = (event: Event): void => {
    event.preventDefault();
    main.querySelector<HTMLElement>('h2')?.focus();
  };
  document.body.append(
    h('a', { href: '#main', class: 'skip', click: skip }, 'Skip to the content'),
    header(data, redraw),
    h('nav', { 'aria-label': 'Views', class: 'views' }, ...links.map(({ link }) => link)),
    main,
  );
  const alert = problems(data);
  if (alert !== undefined) main.before(alert);
  results.show('');
  addEventListener('hashchange', route);
  route();
  // for benchmarks
  performance.mark('drover-interactive');
}

start();
