/** A matrix as text: the QEMUs, the grid, failures and their evidence. */
import Table from 'cli-table3';
import type { MatrixQemu } from '../../model/matrix-pair.js';
import type { Failure, OutcomeKind } from '../../model/outcome.js';
import { attemptsText } from '../console/console-summary.js';
import { countsText } from '../fold/counts.js';
import { failureFields, fieldLines } from '../fold/diagnosis.js';
import type { Field } from '../fold/diagnosis.js';
import { counted, formatDuration } from '../../model/text/format.js';
import { allCounts, cellLines, obstacles, pairName, pairsText } from './matrix.js';
import type { Cell, Matrix, PairVerdict } from './matrix.js';
import type { Paint } from '../console/colors.js';
import { printableLine } from '../../model/text/printable.js';
import { rerunCommand } from '../fold/rerun-line.js';
import { failureGroups } from '../fold/summary.js';
import type { FailureGroup } from '../fold/summary.js';

/** of each pair; all are in the console's text above, in the JSON and in the HTML */
const failuresShown = 5;

const paintedAs = (verdict: PairVerdict): OutcomeKind =>
  verdict === 'not-started'
    ? 'broken'
    : verdict === 'not-run' || verdict === 'left-out'
      ? 'cancelled'
      : verdict;

function qemuText({ version, package: packaged, command }: MatrixQemu): string {
  const build = packaged === undefined || packaged === '' ? '' : ` (${packaged})`;
  return printableLine(version === undefined ? command : `QEMU ${version}${build}: ${command}`);
}

function legend(qemus: readonly MatrixQemu[]): string[] {
  const width = Math.max(...qemus.map(({ label }) => label.length));
  return qemus.map((qemu) => `${qemu.label.padEnd(width)}  ${qemuText(qemu)}`);
}

function grid(rows: readonly (readonly Cell[])[], labels: readonly string[], paint: Paint): string {
  const table = new Table({
    head: ['source \\ destination', ...labels],
    style: { head: [], border: [] },
  });
  rows.forEach((row, index) => {
    table.push([
      labels[index] ?? '',
      ...row.map((cell) =>
        cellLines(cell)
          .map(({ kind, text }) => paint.outcome(paintedAs(kind), text))
          .join('\n'),
      ),
    ]);
  });
  return table.toString();
}

/** The error and its phase; the text of the pair's run has the rest. */
function shortFields(failure: Failure): Field[] {
  return failureFields(failure).filter(({ name }) => name === 'error' || name === 'where');
}

function groupLines(group: FailureGroup, cell: Cell, paint: Paint): string[] {
  const { test, kind, failure, directory } = group;
  const word = paint.outcome(kind, kind === 'failed' ? 'FAIL  ' : 'BROKEN');
  const rerun = rerunCommand(test, cell.ran?.started);
  const fields: Field[] = [
    ...shortFields(failure),
    ...(directory === undefined ? [] : [{ name: 'evidence', lines: [printableLine(directory)] }]),
    { name: 'run again', lines: [printableLine(rerun)] },
  ];
  return [`${word} ${printableLine(test)}${attemptsText(group)}`, ...indented(fields)];
}

const indented = (fields: readonly Field[]): string[] =>
  fieldLines(fields).map((line) => `    ${line}`);

function failureLines(cell: Cell, paint: Paint): string[] {
  const groups = cell.ran === undefined ? [] : failureGroups(cell.ran);
  const broke = cell.ran === undefined ? undefined : cell.failure;
  if (groups.length === 0 && broke === undefined) return [];
  const hidden = groups.length - failuresShown;
  return [
    '',
    paint.strong(pairName(cell)),
    ...(broke === undefined
      ? []
      : [
          paint.outcome('broken', 'the run could not be carried out'),
          ...indented(shortFields(broke)),
        ]),
    ...groups.slice(0, failuresShown).flatMap((group) => groupLines(group, cell, paint)),
    ...(hidden > 0 ? [`and ${counted(hidden, 'more failure')}`] : []),
  ];
}

function obstacleLines(cells: readonly Cell[], paint: Paint): string[] {
  return obstacles(cells).flatMap(({ failure, pairs }) => [
    '',
    `${paint.outcome('broken', 'cannot start')}: ${pairs.map(pairName).join(', ')}`,
    ...indented(failureFields(failure)),
  ]);
}

export function matrixLines(matrix: Matrix, paint: Paint): string[] {
  const { qemus, tests, rows } = matrix;
  const cells = rows.flat();
  const wanted = cells.filter(({ verdict }) => verdict !== 'left-out');
  const counts = countsText(allCounts(cells));
  return [
    '',
    paint.strong(
      `drover ${matrix.drover}: ${counted(wanted.length, 'pair')} of ${counted(qemus.length, 'QEMU')}, ${counted(tests.length, 'test')} each`,
    ),
    ...legend(qemus),
    '',
    ...grid(
      rows,
      qemus.map(({ label }) => label),
      paint,
    ).split('\n'),
    ...obstacleLines(cells, paint),
    ...cells.flatMap((cell) => failureLines(cell, paint)),
    '',
    `pairs: ${pairsText(cells)}; tests: ${counts === '' ? 'none' : counts}; in ${formatDuration(matrix.durationMs)}`,
  ];
}
