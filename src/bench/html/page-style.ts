/** Styles of the page, over those of the run report, and its script, without which all can be read. */
import { readFileSync } from 'node:fs';

/** of the run report; made by the build */
const reportStyle = (): string =>
  readFileSync(new URL('../../report/html/page.css', import.meta.url), 'utf8');

// Okabe and Ito's blue and vermilion, which readers with any colour vision tell apart; A and B
// differ in shape and dashes, too.
const light = `--side-a: #0072b2; --side-b: #b84a00; --quiet: #8d949d; --band: #e9ebee;
  --phase-start: #eceef1; --phase-odd: #fafbfc; --phase-stopped: #f7c9c4; --phase-postcopy: #f6e7bd;`;
const dark = `--side-a: #56b4e9; --side-b: #f0a35e; --quiet: #7c838c; --band: #2c3138;
  --phase-start: #262a30; --phase-odd: #1a1d21; --phase-stopped: #5c2a27; --phase-postcopy: #4a3c14;`;

const own = `
h2 { border-top: 1px solid var(--line); padding-top: 1rem; }
/* a long report opens without the layout of what is not in view */
main > section { content-visibility: auto; contain-intrinsic-size: auto 3500px; }
.drawings { display: grid; gap: 1rem 1.5rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 22.5rem), 1fr)); }
.drawings > * { min-width: 0; }
figure { margin: 0; break-inside: avoid; }
figcaption { font-size: 0.9rem; margin-bottom: 0.25rem; overflow-wrap: anywhere; }
figcaption span { color: var(--soft); }
.broad, .absent { grid-column: 1 / -1; }
.absent { margin: 0; font-size: 0.9rem; color: var(--soft); }
.drawing { overflow-x: auto; }
.plot { display: block; max-width: 100%; height: auto; color: var(--text); }
.broad .plot { min-width: 36rem; }
.plot text { white-space: pre; }
.plot a { color: inherit; }
.plot a:hover circle, .plot a:hover path { stroke-width: 4; }
.verdicts { list-style: none; padding: 0; font-size: 1.05rem; }
.verdicts li { margin: 0.3rem 0; padding: 0.2rem 0.7rem; border-left: 5px solid var(--line); overflow-wrap: anywhere; }
.verdicts .faster { border-color: var(--draw-passed); }
.verdicts .slower { border-color: var(--draw-failed); }
.verdicts .same { border-color: var(--draw-skipped); }
td.faster { background: var(--passed); }
td.slower { background: var(--failed); }
td.same { background: var(--skipped); }
td.not-enough-data { background: var(--retried); }
th .key { display: inline-block; width: 0.8em; height: 0.8em; margin-right: 0.35em; }
.key.A { background: var(--side-a); border-radius: 50%; }
.key.B { background: var(--side-b); clip-path: polygon(50% 0, 100% 100%, 0 100%); }
.overview th, .overview td { overflow-wrap: anywhere; min-width: 6rem; }
.interval { display: block; white-space: nowrap; color: var(--soft); font-size: 0.85rem; }
.runs details { border-bottom: 1px solid var(--line); }
.runs summary { overflow-wrap: anywhere; }
.runs details > div { padding: 0 0 0.75rem 1.1rem; }
.runs .wide { max-width: 44rem; }
.contents { columns: 18rem; padding-left: 1.2rem; }
.contents li { overflow-wrap: anywhere; }
:target { outline: 3px solid var(--focus); outline-offset: 2px; }
@media (max-width: 44rem) {
  .facts dd, .verdicts { font-size: 0.95rem; }
}
@media print {
  main > section { content-visibility: visible; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  .drawings { grid-template-columns: 1fr 1fr; }
  .runs details:not([open]) { display: none; }
  .wide, .drawing { overflow: visible; }
  tr, .verdicts li { break-inside: avoid; }
  table { font-size: 8pt; }
  th, td { padding: 0.2rem 0.3rem; }
  .number, .interval { white-space: normal; }
}
`;

const blockOf = (css: string, selector: string): string => {
  const start = css.indexOf(`${selector} {`);
  return start < 0 ? '' : css.slice(css.indexOf('{', start) + 1, css.indexOf('}', start));
};

/** Light, dark where the system or the reader wants it, and light on paper. */
export function pageStyle(): string {
  const base = reportStyle();
  const darker = `${blockOf(base, ":root[data-theme='dark']")} ${dark}`;
  const lighter = `${blockOf(base, ':root')} ${light}`;
  return `${base}
:root { ${light} }
:root[data-theme='dark'] { ${dark} }
@media screen and (prefers-color-scheme: dark) { :root:not([data-theme='light']) { ${darker} } }
${own}
@media print { :root, :root[data-theme='dark'] { ${lighter} } }
`;
}

/**
 * The theme's button, which shares its choice with the run report, and the run that a link leads to
 * opens.
 */
export const pageScript = `'use strict';
(() => {
  const key = 'drover-theme';
  const root = document.documentElement;
  let own;
  try { own = localStorage.getItem(key); } catch { /* a browser may forbid it for files */ }
  const system = matchMedia('(prefers-color-scheme: dark)');
  const isDark = () => (own === 'dark' || own === 'light' ? own === 'dark' : system.matches);
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'theme';
  button.textContent = 'Dark theme';
  const apply = () => {
    root.dataset.theme = isDark() ? 'dark' : 'light';
    button.setAttribute('aria-pressed', String(isDark()));
  };
  button.addEventListener('click', () => {
    own = isDark() ? 'light' : 'dark';
    try { localStorage.setItem(key, own); } catch { /* then it applies to this page only */ }
    apply();
  });
  system.addEventListener('change', apply);
  document.querySelector('.top').append(button);
  apply();
  const open = () => {
    const target = document.getElementById(location.hash.slice(1));
    const details = target?.closest('details');
    if (!details) return;
    details.open = true;
    target.scrollIntoView();
    target.focus();
  };
  addEventListener('hashchange', open);
  open();
})();
`;
