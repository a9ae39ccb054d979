/** What `drover devices` was asked for. */
import { devicesVersion } from '../../devices/document.js';
import type { BaselineKind } from '../sweep/read-baseline.js';

export interface DevicesOptions {
  readonly qemu?: string;
  readonly qemuSrc?: string;
  readonly qemuDst?: string;
  readonly machine?: string;
  readonly cache: boolean;
  readonly match?: string;
  readonly every: number;
  readonly list?: boolean;
  readonly jobs?: number;
  readonly timeout: number;
  readonly json?: string;
  readonly html?: string;
  readonly baseline?: string;
}

export const devicesBaseline: BaselineKind = {
  ...{ command: 'devices', version: devicesVersion, members: ['machine'], ofResult: ['device'] },
};
