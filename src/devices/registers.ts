/** Devices whose registers get no values: what is written there does more than stay. Data. */

interface Untouched {
  readonly device: RegExp;
  /** default: all */
  readonly bar?: number;
  readonly reason: string;
}

export const untouched: readonly Untouched[] = [
  {
    device: /^virtio-/,
    bar: 4,
    reason:
      'the common configuration of virtio: a value there is the size of a queue, and older releases take one that 11.1 refuses to load',
  },
];

/** Whether the registers of this BAR may get values. */
export const keepsRegisters = (device: string, bar: number): boolean =>
  !untouched.some((row) => row.device.test(device) && (row.bar ?? bar) === bar);
