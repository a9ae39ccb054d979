/**
 * A matrix as one JSON document, in pieces. Of each pair that ran it holds what `drover run --json`
 * writes.
 */
import type { Failure } from '../../model/outcome.js';
import type { Counts } from '../fold/counts.js';
import type { JsonReport } from '../formats/json-document.js';
import { jsonPieces } from '../formats/json-document.js';
import type { Cell, Matrix, PairVerdict } from './matrix.js';

/** of this document: raised when a member goes or changes its meaning */
export const matrixVersion = 1;

export interface JsonMatrix extends Omit<Matrix, 'rows'> {
  readonly version: typeof matrixVersion;
  /** all there are, row by row */
  readonly pairs: readonly JsonPair[];
}

export interface JsonPair {
  /** labels */
  readonly source: string;
  readonly destination: string;
  readonly status: PairVerdict;
  readonly counts: Counts;
  readonly notRun: number;
  /** as a `drover run` of this pair alone would have ended; absent where it was not tried */
  readonly exitCode?: number;
  /** why it could not start, or broke as a whole */
  readonly failure?: Failure;
  /** where it ran */
  readonly report?: JsonReport;
}

/** What is undefined is not written. */
function pairHead({ source, destination, verdict, ...cell }: Cell): object {
  const { counts, notRun, exitCode, failure } = cell;
  return { source, destination, status: verdict, counts, notRun, exitCode, failure };
}

/** The pieces joined are a `JsonMatrix`. */
export function* matrixJsonPieces(matrix: Matrix): Generator<string> {
  const head = { version: matrixVersion, ...matrix, rows: undefined };
  yield `${JSON.stringify(head, null, 2).slice(0, -2)},\n  "pairs": [`;
  let separator = '\n';
  for (const cell of matrix.rows.flat()) {
    yield separator + JSON.stringify(pairHead(cell)).slice(0, -1);
    if (cell.ran !== undefined) {
      yield ',"report":\n';
      yield* jsonPieces(cell.ran);
    }
    yield '}';
    separator = ',\n';
  }
  yield '\n]}\n';
}
