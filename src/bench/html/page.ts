/** What the pages about benchmarks have in common: head with policy, heading, script. Pure. */
import { createHash } from 'node:crypto';
import { escaped } from '../../report/html-text.js';
import { pageScript, pageStyle } from './page-style.js';

export interface PageHead {
  readonly title: string;
  /** what the reader should know first */
  readonly summary: string;
  readonly remark: string;
}

const hashOf = (text: string): string =>
  `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** The pieces joined are the file. The policy allows the page's own style and script only. */
export function* pagePieces(
  { title, summary, remark }: PageHead,
  content: Iterable<string>,
): Generator<string> {
  const style = pageStyle();
  const policy = `default-src 'none'; script-src ${hashOf(pageScript)}; style-src ${hashOf(style)}; base-uri 'none'; form-action 'none'`;
  yield `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the results</a>
<header class="top"><div>
<h1>${escaped(title)}</h1>
<p class="summary">${escaped(summary)}</p>
<p>${escaped(remark)}</p>
</div></header>
<main id="main">
`;
  yield* content;
  yield `</main>\n<script>${pageScript}</script>\n</body>\n</html>\n`;
}
