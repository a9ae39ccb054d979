/**
 * When the guest writes to a device, at both sides of its migration: the guest writes a byte to a
 * port every millisecond or so, QEMU passes it on to a FIFO, and a native thread notes the time.
 */
import { guestPlatform } from '../../guest/platforms.js';
import { loadAddon } from '../../native/addon.js';
import type { NativePulses } from '../../native/host-addon.js';
import type { Side } from '../../model/outcome.js';
import { escapeValue } from '../../model/command-line.js';
import type { TestContext } from '../context.js';

/** of QEMU's debug console; nothing else is there */
export const pulsePort = 0xe9;

export interface Gap {
  readonly ms: number;
  /** the largest distance to the pulse before, or after: so much longer than the truth it may be */
  readonly errorMs: number;
}

export class DevicePulses implements Disposable {
  private constructor(
    private readonly files: Readonly<Record<Side, string>>,
    private readonly pulses: Readonly<Record<Side, NativePulses>>,
  ) {}

  /** Before the QEMUs start. @returns undefined where the guest cannot write to a port */
  static open(context: TestContext): DevicePulses | undefined {
    if (!guestPlatform(context.platform.arch).pulses) return undefined;
    if (context.platform.heartbeatAddress === undefined) return undefined;
    const { sourceFeatures, destinationFeatures } = context.plan;
    const isThere = [sourceFeatures, destinationFeatures].every(({ devices }) =>
      devices.includes('isa-debugcon'),
    );
    if (!isThere) return undefined;
    const files = { source: context.file('source.pulse'), destination: context.file('dest.pulse') };
    const addon = loadAddon();
    const source = addon.openPulses(files.source);
    try {
      return new DevicePulses(files, { source, destination: addon.openPulses(files.destination) });
    } catch (error) {
      source.close();
      throw error;
    }
  }

  args(side: Side): readonly string[] {
    return [
      '-chardev',
      `file,id=pulse,path=${escapeValue(this.files[side])}`,
      '-device',
      `isa-debugcon,iobase=${pulsePort},chardev=pulse`,
    ];
  }

  times(side: Side): Float64Array {
    return this.pulses[side].times();
  }

  /** The longest time without a pulse that reaches into the downtime. */
  gap(stopMs: number, resumeMs: number): Gap | undefined {
    const times = [...this.times('source'), ...this.times('destination')];
    return longestGap(times, stopMs, resumeMs);
  }

  [Symbol.dispose](): void {
    this.pulses.source.close();
    this.pulses.destination.close();
  }
}

/** Pure. @param times in any order @returns undefined if the guest did not write again */
export function longestGap(
  times: readonly number[],
  stopMs: number,
  resumeMs: number,
): Gap | undefined {
  const sorted = times.toSorted((first, second) => first - second);
  let longest: Gap | undefined;
  for (let index = 1; index < sorted.length; index++) {
    const from = sorted[index - 1] ?? 0;
    const to = sorted[index] ?? 0;
    if (to < stopMs || from > resumeMs) continue;
    if (longest !== undefined && to - from <= longest.ms) continue;
    const before = from - (sorted[index - 2] ?? from);
    const after = (sorted[index + 1] ?? to) - to;
    longest = { ms: to - from, errorMs: Math.max(before, after) };
  }
  return longest === undefined || (sorted.at(-1) ?? 0) <= resumeMs ? undefined : longest;
}
