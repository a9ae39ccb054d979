/** Which of a QEMU's devices a command examines. Pure. */
import { usageError } from '../model/errors.js';
import { patternOf } from '../sweep/pattern.js';
import { counted } from '../model/text/format.js';
import type { DeviceType } from './device-types.js';

export interface DeviceSelection {
  /** a regular expression that the name contains; default: all */
  readonly match?: string | undefined;
  /** only each N-th of them; default: 1 */
  readonly every?: number | undefined;
}

export function selectDevices(
  all: readonly DeviceType[],
  { match, every = 1 }: DeviceSelection,
): DeviceType[] {
  const pattern = devicePattern(match);
  const matching = all.filter(({ name }) => pattern.test(name));
  if (matching.length === 0) {
    throw usageError(
      'no-device',
      `--match ${match ?? ''}: none of the ${counted(all.length, 'device')} of this QEMU and machine matches; --list without --match shows them`,
    );
  }
  return matching.filter((_, index) => index % every === 0);
}

export const devicePattern = (match: string | undefined): RegExp =>
  patternOf('--match', match, '^virtio-');
