/**
 * HTML files that load nothing: no script, no font, nothing from the network. Their text comes from
 * QEMU and from users.
 */
import { printable } from '../model/text/printable.js';

/** Safe in elements and in attributes in double quotes. */
export function escaped(text: string): string {
  return printable(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

export const element = (tag: string, text: string): string => `<${tag}>${escaped(text)}</${tag}>`;

export const columnHead = (text: string): string => `<th scope="col">${escaped(text)}</th>`;

/** @param rows HTML, as is the text of `head` where it is no list of names */
export function table(
  caption: string,
  head: string | readonly string[],
  rows: readonly string[],
): string {
  const heads = typeof head === 'string' ? head : `<tr>${head.map(columnHead).join('')}</tr>`;
  const title = caption === '' ? '' : element('caption', caption);
  return `<div class="wide"><table>${title}
<thead>${heads}</thead>
<tbody>${rows.join('\n')}</tbody></table></div>
`;
}

/** The class of a cell is an outcome, a state of a pair, or the severity of a difference. */
const style = `
:root { color-scheme: light dark; --text: #1b1b1b; --page: #fff; --line: #b8b8b8; --head: #f0f0f0;
  --good: #e2f3e2; --bad: #fbdcdc; --broken: #f3def5; --may: #fbf2d4; --off: #ececec; --link: #0645ad; }
@media (prefers-color-scheme: dark) { :root { --text: #e8e8e8; --page: #161616; --line: #555; --head: #262626;
  --good: #17361a; --bad: #5a1a1a; --broken: #47204b; --may: #443a10; --off: #2c2c2c; --link: #9ec1ff; } }
body { font: 1rem/1.45 system-ui, sans-serif; color: var(--text); background: var(--page); margin: 2rem; }
a { color: var(--link); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0; }
caption { text-align: left; font-weight: bold; padding-bottom: .4rem; }
th, td { border: 1px solid var(--line); padding: .4rem .7rem; text-align: left; vertical-align: top; }
th { background: var(--head); }
td span { display: block; white-space: nowrap; }
.passed { background: var(--good); } .failed, .must { background: var(--bad); }
.broken, .not-started { background: var(--broken); } .skipped, .may { background: var(--may); }
.cancelled, .not-run, .left-out { background: var(--off); }
pre { overflow-x: auto; padding: .6rem; border: 1px solid var(--line); background: var(--head); }
`;

/** The file up to its heading; `</body></html>` ends it. */
export function documentStart(title: string): string {
  return `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
${element('title', title)}
<style>${style}</style></head>
<body>
${element('h1', title)}
`;
}
