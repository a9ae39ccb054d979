/** A matrix as one HTML file. */
import { countsText } from '../fold/counts.js';
import { failureFields, fieldLines, outcomeFields } from '../fold/diagnosis.js';
import { counted, formatDuration } from '../../model/text/format.js';
import { allCounts, cellLines, pairsText, verdictWord } from './matrix.js';
import type { Cell, Matrix } from './matrix.js';
import { columnHead, documentStart, element, escaped, table } from '../html-text.js';
import { rerunCommand } from '../fold/rerun-line.js';

function qemuTable({ qemus }: Matrix): string {
  const rows = qemus.map(({ label, version = '', package: build = '', command, failure }) => {
    const remark = failure === undefined ? build : failure.message;
    const cells = [version, remark, command].map((text) => element('td', text)).join('');
    return `<tr><th scope="row">${escaped(label)}</th>${cells}</tr>`;
  });
  return table('QEMUs', ['Label', 'Version', 'Package', 'Command'], rows);
}

/** The word of a cell links to its details, if it has any. */
function gridCell(cell: Cell, id: string): string {
  const word = escaped(verdictWord(cell.verdict));
  const hasDetails = cell.ran !== undefined || cell.failure !== undefined;
  const title = hasDetails ? `<a href="#${id}"><strong>${word}</strong></a>` : word;
  const lines = cell.ran === undefined ? [] : cellLines(cell);
  const figures = lines.map(({ text }) => element('span', text)).join('');
  return `<td class="${cell.verdict}">${title}${figures}</td>`;
}

const idOf = (row: number, column: number): string =>
  `pair-${String(row + 1)}-${String(column + 1)}`;

function gridTable({ qemus, rows }: Matrix): string {
  const heads = `<tr><td></td><th scope="colgroup" colspan="${String(qemus.length)}">Destination</th></tr>
<tr>${['Source', ...qemus.map(({ label }) => label)].map(columnHead).join('')}</tr>`;
  const body = rows.map((row, source) => {
    const cells = row.map((cell, destination) => gridCell(cell, idOf(source, destination)));
    return `<tr><th scope="row">${escaped(qemus[source]?.label ?? '')}</th>${cells.join('\n')}</tr>`;
  });
  return table('Pairs: rows are sources, columns are destinations', heads, body);
}

function failuresOf(record: NonNullable<Cell['ran']>): string {
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

function skipsOf({ tests }: NonNullable<Cell['ran']>): string {
  const rows = tests.flatMap(({ outcome, test }) =>
    outcome.kind === 'skipped'
      ? [`<tr><th scope="row">${escaped(test)}</th>${element('td', outcome.reason)}</tr>`]
      : [],
  );
  if (rows.length === 0) return '';
  return `<details><summary>${counted(rows.length, 'test')} skipped</summary>
${table('', ['Test', 'Reason'], rows)}</details>`;
}

function section({ source, destination, failure, ran, verdict }: Cell, id: string): string {
  if (ran === undefined && failure === undefined) return '';
  const result = ran === undefined ? verdictWord(verdict) : countsText(ran.counts);
  const parts = [
    element('h3', `${source} to ${destination}: ${result}`),
    ran === undefined ? '' : element('p', howText(ran)),
    failure === undefined ? '' : element('pre', fieldLines(failureFields(failure)).join('\n')),
    ...(ran === undefined ? [] : [failuresOf(ran), skipsOf(ran)]),
  ];
  return `<section id="${id}">\n${parts.filter((part) => part !== '').join('\n')}\n</section>`;
}

function howText({ started, durationMs }: NonNullable<Cell['ran']>): string {
  const { machine, accel, workers } = started;
  return `machine ${machine}, accelerator ${accel}, ${counted(workers, 'worker')}, ${formatDuration(durationMs)}`;
}

/** The pieces joined are the file. */
export function* matrixHtmlPieces(matrix: Matrix): Generator<string> {
  const cells = matrix.rows.flat();
  const title = `Drover matrix: QEMU ${matrix.qemus.map(({ label }) => label).join(', ')}`;
  const counts = countsText(allCounts(cells));
  const tests = `${counted(matrix.tests.length, 'test')} for ${matrix.arch} selected`;
  yield `${documentStart(title)}
${element('p', `Pairs: ${pairsText(cells)}. Tests: ${counts === '' ? 'none' : counts}.`)}
${element('p', `${tests}. Began ${matrix.time}, took ${formatDuration(matrix.durationMs)}, drover ${matrix.drover}.`)}
${gridTable(matrix)}
${qemuTable(matrix)}
<h2>Pair by pair</h2>
`;
  for (const [source, row] of matrix.rows.entries()) {
    for (const [destination, cell] of row.entries()) {
      const text = section(cell, idOf(source, destination));
      if (text !== '') yield `${text}\n`;
    }
  }
  yield '</body></html>\n';
}
