/** Which pair of which matrix a run is: plain data, part of its first event. */
import type { Failure } from './outcome.js';

/** One QEMU of a matrix. */
export interface MatrixQemu {
  /** its version, with a number where several have the same */
  readonly label: string;
  readonly command: string;
  /** absent, as `package` is, where there is a `failure` */
  readonly version?: string;
  readonly package?: string;
  readonly digest?: string | undefined;
  /** why it cannot be used */
  readonly failure?: Failure;
}

/** Which pair of a matrix a run is. */
export interface MatrixPair {
  /** all of the matrix, in the order of its rows and columns */
  readonly qemus: readonly MatrixQemu[];
  /** index into `qemus` */
  readonly source: number;
  /** index into `qemus` */
  readonly destination: number;
  /** the matrix leaves out the pairs of a QEMU with itself */
  readonly crossOnly: boolean;
}
