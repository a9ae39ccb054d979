/** What `drover devices` was asked for. */
import { devicesVersion } from '../../devices/document.js';
import type { BaselineKind } from '../sweep/read-baseline.js';
import type { SweepOptions } from '../sweep/sweep-options.js';

export interface DevicesOptions extends SweepOptions {
  readonly match?: string;
}

export const devicesBaseline: BaselineKind = {
  ...{ command: 'devices', version: devicesVersion, members: ['machine'], ofResult: ['device'] },
};
