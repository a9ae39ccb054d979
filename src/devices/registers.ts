/** Devices whose registers get no values: what is written there does more than stay. Data. */

interface Untouched {
  readonly device: RegExp;
  readonly reason: string;
}

export const untouched: readonly Untouched[] = [
  {
    device: /^virtio-iommu-pci/,
    reason:
      'its first BAR is the common configuration of virtio, where a value is the size of a queue: 10.0 takes one that 11.1 refuses to load',
  },
];

export const keepsRegisters = (device: string): boolean =>
  !untouched.some((row) => row.device.test(device));
