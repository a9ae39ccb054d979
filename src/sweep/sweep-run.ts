/** A pair of QEMUs while a sweep does something with it. */
import type { TestContext } from '../migration/context.js';
import type { SweepStep } from './outcome.js';

export interface SweepRun {
  readonly context: TestContext;
  /** what is going on: part of the outcome when that goes wrong */
  step: SweepStep;
}
