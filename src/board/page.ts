/** What all pages of the board have in common: head, navigation, style, script. Pure. */
import { escaped } from '../report/html-text.js';

export interface BoardPage {
  readonly title: string;
  /** the address of the entry of the navigation that this page belongs to */
  readonly at: '/' | '/tests' | '/bench';
  readonly content: string;
}

const entries = { '/': 'Runs', '/tests': 'Tests', '/bench': 'Benchmarks' } as const;

/** The policy of every page but a report, which has its own: nothing but the board's own files. */
export const policy =
  "default-src 'none'; img-src data:; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

export function boardPage({ title, at, content }: BoardPage): string {
  const links = Object.entries(entries).map(
    ([address, name]) =>
      `<a href="${address}"${address === at ? ' aria-current="page"' : ''}>${name}</a>`,
  );
  return `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)} - Drover board</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/board.css">
<script src="/board.js" defer></script></head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header><nav aria-label="Board">${links.join('\n')}</nav>
<button type="button" id="theme" hidden>Dark theme</button></header>
<main id="main"><h1>${escaped(title)}</h1>
${content}</main>
</body></html>
`;
}

export function searchForm(address: string, label: string, value: string): string {
  return `<form action="${address}" role="search">
<label for="q">${escaped(label)}</label>
<input type="search" id="q" name="q" value="${escaped(value)}">
<button>Search</button></form>
`;
}

/** Each word of `query` must be in the text, in any order and case. */
export function matches(query: string, text: string): boolean {
  const there = text.toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => there.includes(word));
}

export const boardStyle = `
:root { color-scheme: light; --text: #1c1e21; --soft: #55595f; --page: #fff; --raised: #f5f6f8; --line: #c9cdd3;
  --link: #0a4fb3; --passed: #d8f0dc; --failed: #fbd9d6; --broken: #eedcf7; --flaky: #fbe6c2; --off: #e3e6ea;
  --draw-passed: #2f7d43; --draw-failed: #c9362c; --draw-other: #7a6a10; }
:root[data-theme='dark'] { color-scheme: dark; --text: #e8eaed; --soft: #aeb4bc; --page: #15171a; --raised: #1f2227;
  --line: #454a52; --link: #9cc3ff; --passed: #1c4326; --failed: #5c1d1a; --broken: #47235a; --flaky: #543b0c;
  --off: #33373d; --draw-passed: #6fc283; --draw-failed: #f0665c; --draw-other: #e0c545; }
@media (prefers-color-scheme: dark) { :root:not([data-theme='light']) { color-scheme: dark; --text: #e8eaed; --soft: #aeb4bc;
  --page: #15171a; --raised: #1f2227; --line: #454a52; --link: #9cc3ff; --passed: #1c4326; --failed: #5c1d1a;
  --broken: #47235a; --flaky: #543b0c; --off: #33373d; --draw-passed: #6fc283; --draw-failed: #f0665c; --draw-other: #e0c545; } }
* { box-sizing: border-box; }
body { margin: 0; font: 1rem/1.45 system-ui, sans-serif; color: var(--text); background: var(--page); }
header { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: center; padding: .6rem 1.5rem;
  background: var(--raised); border-bottom: 1px solid var(--line); }
nav { display: flex; gap: 1.2rem; flex: 1; }
nav a[aria-current] { font-weight: bold; color: var(--text); text-decoration: none; }
main { padding: 0 1.5rem 3rem; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -99rem; } .skip:focus { left: 1rem; top: .4rem; background: var(--page); padding: .3rem; }
button, input { font: inherit; color: inherit; background: var(--page); border: 1px solid var(--soft); border-radius: 4px;
  padding: .25rem .7rem; }
form { display: flex; flex-wrap: wrap; gap: .6rem; align-items: center; margin: 1rem 0; }
input { min-width: min(24rem, 60vw); }
h1 { overflow-wrap: anywhere; } .wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0; }
caption { text-align: left; color: var(--soft); padding-bottom: .4rem; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .8rem .3rem 0; text-align: left; vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td { overflow-wrap: break-word; } td:first-child { white-space: nowrap; }
button[aria-pressed='true'] { background: var(--off); }
.status { padding: .05rem .5rem; border-radius: 4px; white-space: nowrap; }
.passed { background: var(--passed); } .failed { background: var(--failed); } .broken { background: var(--broken); }
.flaky, .quarantined { background: var(--flaky); } .skipped, .cancelled, .retried, .running, .unfinished { background: var(--off); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.2rem; } dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
.soft { color: var(--soft); } svg { max-width: 100%; height: auto; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; } main, header { padding-left: 1rem; padding-right: 1rem; } }
`;

/** Runs in the browser. What it shows comes as data and becomes text, never markup. */
export const boardScript = `
'use strict';
(() => {
  const button = document.getElementById('theme');
  const system = matchMedia('(prefers-color-scheme: dark)');
  let own;
  try { own = localStorage.getItem('drover-theme'); } catch { own = null; }
  const apply = () => {
    const theme = own === 'dark' || own === 'light' ? own : system.matches ? 'dark' : 'light';
    document.documentElement.dataset.theme = theme;
    button.setAttribute('aria-pressed', String(theme === 'dark'));
  };
  button.hidden = false;
  button.addEventListener('click', () => {
    own = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
    try { localStorage.setItem('drover-theme', own); } catch { /* for this page alone, then */ }
    apply();
  });
  system.addEventListener('change', apply);
  apply();

  const live = document.getElementById('live');
  if (!live) return;
  const part = (name) => document.getElementById('live-' + name);
  const say = (name, text) => { const node = part(name); if (node.textContent !== text) node.textContent = text; };
  const seconds = (ms) => (ms / 1000).toFixed(ms < 100000 ? 2 : 0) + ' s';
  const rows = (name, all) => {
    part(name).replaceChildren(...all.map((cells) => {
      const row = document.createElement('tr');
      row.append(...cells.map((text, index) => {
        const cell = document.createElement('td');
        cell.textContent = text;
        if (index > 0) cell.className = 'number';
        return cell;
      }));
      return row;
    }));
    part(name).closest('section').hidden = all.length === 0;
  };
  const source = new EventSource(live.dataset.events);
  source.addEventListener('state', ({ data }) => {
    const state = JSON.parse(data);
    const counts = Object.entries(state.counts).filter(([, count]) => count > 0);
    const done = counts.reduce((sum, [, count]) => sum + count, 0);
    const of = state.endless ? '' : ' of ' + state.total;
    say('counts', done + of + ' done' + (counts.length ? ': ' + counts.map(([kind, count]) => count + ' ' + kind).join(', ') : ''));
    rows('running', state.running.map(({ test, attempt, phase, startedAtMs }) =>
      [test, String(attempt), phase, seconds(state.atMs - startedAtMs)]));
    rows('bad', state.bad.map(({ test, status, why }) => [test, status, why]));
    rows('rounds', state.rounds.slice(-20).reverse().map((round) => [String(round.round), seconds(round.migrationMs),
      round.downtimeMs === undefined ? '' : round.downtimeMs + ' ms', String(round.passes ?? ''), String(round.verifiedPages)]));
    if (state.ended) { source.close(); say('state', 'The run has ended. Reload the page for its results.'); }
  });
  source.addEventListener('open', () => say('state', 'Live: this page follows the run.'));
  source.addEventListener('error', () => say('state', 'Not connected to the board; trying again.'));
})();
`;
