/** A matrix as one HTML file that needs nothing else: no script, no font, nothing from the network. */
import { countsText } from '../fold/counts.js';
import { failureFields, fieldLines, outcomeFields } from '../fold/diagnosis.js';
import { counted, formatDuration } from '../../model/text/format.js';
import { allCounts, cellLines, cellsOf, pairsText, verdictWord } from './matrix.js';
import type { Cell, Matrix } from './matrix.js';
import { element, escaped } from '../html-text.js';
import { rerunCommand } from '../fold/rerun-line.js';

const style = `
:root { color-scheme: light dark; --text: #1b1b1b; --page: #fff; --line: #b8b8b8; --head: #f0f0f0;
  --good: #e2f3e2; --bad: #fbdcdc; --broken: #f3def5; --skip: #fbf2d4; --off: #ececec; --link: #0645ad; }
@media (prefers-color-scheme: dark) { :root { --text: #e8e8e8; --page: #161616; --line: #555; --head: #262626;
  --good: #17361a; --bad: #5a1a1a; --broken: #47204b; --skip: #443a10; --off: #2c2c2c; --link: #9ec1ff; } }
body { font: 1rem/1.45 system-ui, sans-serif; color: var(--text); background: var(--page); margin: 2rem; }
a { color: var(--link); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0; }
caption { text-align: left; font-weight: bold; padding-bottom: .4rem; }
th, td { border: 1px solid var(--line); padding: .4rem .7rem; text-align: left; vertical-align: top; }
th { background: var(--head); }
td span { display: block; white-space: nowrap; }
.passed { background: var(--good); } .failed { background: var(--bad); }
.broken, .not-started { background: var(--broken); } .skipped { background: var(--skip); }
.cancelled, .not-run, .left-out { background: var(--off); }
pre { overflow-x: auto; padding: .6rem; border: 1px solid var(--line); background: var(--head); }
`;

function qemuTable({ qemus }: Matrix): string {
  const rows = qemus.map(({ label, version = '', package: build = '', command, failure }) => {
    const remark = failure === undefined ? build : failure.message;
    const cells = [version, remark, command].map((text) => element('td', text)).join('');
    return `<tr><th scope="row">${escaped(label)}</th>${cells}</tr>`;
  });
  const heads = ['Label', 'Version', 'Package', 'Command'];
  return `<div class="wide"><table><caption>QEMUs</caption>
<thead><tr>${heads.map((head) => `<th scope="col">${head}</th>`).join('')}</tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div>`;
}

/** Where a cell has more to tell, its word leads there. */
function gridCell(cell: Cell, id: string): string {
  const word = escaped(verdictWord(cell.verdict));
  const isTold = cell.record !== undefined || cell.failure !== undefined;
  const title = isTold ? `<a href="#${id}"><strong>${word}</strong></a>` : word;
  const lines = isTold && cell.verdict !== 'not-started' ? cellLines(cell) : [];
  const figures = lines.map(({ text }) => element('span', text)).join('');
  return `<td class="${cell.verdict}">${title}${figures}</td>`;
}

const idOf = (row: number, column: number): string =>
  `pair-${String(row + 1)}-${String(column + 1)}`;

function gridTable({ qemus }: Matrix, rows: readonly (readonly Cell[])[]): string {
  const heads = qemus.map(({ label }) => `<th scope="col">${escaped(label)}</th>`).join('');
  const body = rows.map((row, source) => {
    const cells = row.map((cell, destination) => gridCell(cell, idOf(source, destination)));
    return `<tr><th scope="row">${escaped(qemus[source]?.label ?? '')}</th>${cells.join('\n')}</tr>`;
  });
  return `<div class="wide"><table><caption>Pairs: rows are sources, columns are destinations</caption>
<thead><tr><td></td><th scope="colgroup" colspan="${String(qemus.length)}">Destination</th></tr>
<tr><th scope="col">Source</th>${heads}</tr></thead>
<tbody>${body.join('\n')}</tbody></table></div>`;
}

function failuresOf({ record }: Cell): string {
  if (record === undefined) return '';
  return record.tests
    .filter(({ outcome }) => outcome.kind === 'failed' || outcome.kind === 'broken')
    .map(({ outcome, test, attempt, directory }) => {
      const rerun = rerunCommand(test, record.started);
      const fields = fieldLines(outcomeFields(outcome, { directory, rerun }));
      const title = `${outcome.kind}: ${record.labels.of({ test, attempt })}`;
      return `${element('h4', title)}\n${element('pre', fields.join('\n'))}`;
    })
    .join('\n');
}

function skipsOf({ record }: Cell): string {
  const rows = (record?.tests ?? []).flatMap(({ outcome, test }) =>
    outcome.kind === 'skipped'
      ? [`<tr><th scope="row">${escaped(test)}</th>${element('td', outcome.reason)}</tr>`]
      : [],
  );
  if (rows.length === 0) return '';
  return `<details><summary>${counted(rows.length, 'test')} skipped</summary>
<div class="wide"><table><thead><tr><th scope="col">Test</th><th scope="col">Reason</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div></details>`;
}

function section(cell: Cell, id: string): string {
  const { source, destination, record, failure, summary, verdict } = cell;
  if (record === undefined && failure === undefined) return '';
  const run = record?.started;
  const how =
    run === undefined || summary === undefined
      ? ''
      : `machine ${run.machine}, accelerator ${run.accel}, ${counted(run.workers, 'worker')}, ${formatDuration(summary.durationMs)}`;
  const result = summary === undefined ? verdictWord(verdict) : countsText(summary.counts);
  const parts = [
    element('h3', `${source} to ${destination}: ${result}`),
    how === '' ? '' : element('p', how),
    failure === undefined ? '' : element('pre', fieldLines(failureFields(failure)).join('\n')),
    failuresOf(cell),
    skipsOf(cell),
  ];
  return `<section id="${id}">\n${parts.filter((part) => part !== '').join('\n')}\n</section>`;
}

/** The pieces joined are the file. */
export function* matrixHtmlPieces(matrix: Matrix): Generator<string> {
  const rows = cellsOf(matrix);
  const cells = rows.flat();
  const title = `Drover matrix: QEMU ${matrix.qemus.map(({ label }) => label).join(', ')}`;
  const counts = countsText(allCounts(cells));
  const tests = `${counted(matrix.tests.length, 'test')} for ${matrix.arch} selected`;
  yield `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
${element('title', title)}
<style>${style}</style></head>
<body>
${element('h1', title)}
${element('p', `Pairs: ${pairsText(cells)}. Tests: ${counts === '' ? 'none' : counts}.`)}
${element('p', `${tests}. Began ${matrix.time}, took ${formatDuration(matrix.durationMs)}, drover ${matrix.drover}.`)}
${gridTable(matrix, rows)}
${qemuTable(matrix)}
<h2>Pair by pair</h2>
`;
  for (const [source, row] of rows.entries()) {
    for (const [destination, cell] of row.entries()) {
      const text = section(cell, idOf(source, destination));
      if (text !== '') yield `${text}\n`;
    }
  }
  yield '</body></html>\n';
}
