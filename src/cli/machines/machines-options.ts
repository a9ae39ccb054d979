/** What `drover machines` was asked for. */
import { machinesVersion } from '../../machines/document.js';
import type { BaselineKind } from '../sweep/read-baseline.js';

export interface MachinesOptions {
  readonly qemu?: string;
  readonly qemuSrc?: string;
  readonly qemuDst?: string;
  readonly cache: boolean;
  readonly arch?: readonly string[];
  readonly machine?: string;
  readonly every: number;
  readonly live: boolean;
  readonly list?: boolean;
  readonly jobs?: number;
  readonly timeout: number;
  readonly json?: string;
  readonly html?: string;
  readonly baseline?: string;
}

export const machinesBaseline: BaselineKind = {
  command: 'machines',
  version: machinesVersion,
  members: [],
  ofResult: ['target', 'machine', 'mode'],
};
