/**
 * The grid of a matrix and its files, from the records of its pairs: of `matrix` itself, of
 * `report` and of `merge`.
 */
import { paintWith } from '../../report/console/colors.js';
import { matrixOf } from '../../report/matrix/matrix.js';
import type { PairRecord } from '../../report/matrix/matrix.js';
import { matrixHtmlPieces } from '../../report/matrix/matrix-html.js';
import { matrixJsonPieces } from '../../report/matrix/matrix-json.js';
import { matrixLines } from '../../report/matrix/matrix-text.js';
import { writeFiles } from '../options/report-options.js';
import type { ReportOptions } from '../options/report-options.js';
import type { Environment } from '../process/environment.js';
import { exitCodes, worstExitCode } from '../process/exit-codes.js';
import { lines, print } from '../process/print.js';
import { outputIsTerminal } from '../process/stdout-errors.js';

export const matrixReports = {
  refused: ['tap', 'junit', 'markdown', 'trace'],
  why: 'a matrix fits into --json and --html only',
} as const;

/**
 * @returns `exitCode`, by default the worst of the pairs; 3 in place of 0 where a file could not be
 * written
 */
export async function reportMatrix(
  records: readonly PairRecord[],
  { json, html }: Pick<ReportOptions, 'json' | 'html'>,
  { color }: Environment,
  exitCode?: number,
): Promise<number> {
  const codes = records.map(({ finished }) => finished?.exitCode ?? exitCodes.broken);
  const matrix = matrixOf(records, worstExitCode(codes));
  await print(lines(matrixLines(matrix, paintWith(color && outputIsTerminal()))));
  return await writeFiles(
    [
      [json, matrixJsonPieces(matrix)],
      [html, matrixHtmlPieces(matrix)],
    ],
    exitCode ?? matrix.exitCode,
  );
}
