/** What `drover machines` was asked for. */
import { machinesVersion } from '../../machines/document.js';
import type { BaselineKind } from '../sweep/read-baseline.js';
import type { SweepOptions } from '../sweep/sweep-options.js';

export interface MachinesOptions extends SweepOptions {
  readonly arch?: readonly string[];
  readonly live: boolean;
}

export const machinesBaseline: BaselineKind = {
  command: 'machines',
  version: machinesVersion,
  members: [],
  ofResult: ['target', 'machine', 'mode'],
};
