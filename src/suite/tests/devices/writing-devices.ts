/** The kinds of devices that write to guest memory, one row each. */
import { openVirtioBlk } from './virtio-blk.js';
import { openVirtioNet } from './virtio-net.js';
import { openVirtioRng } from './virtio-rng.js';
import type { WritingDevice } from './writing-device.js';

export interface WritingDeviceKind {
  readonly name: string;
  /** QEMU's name of the device */
  readonly model: string;
  /** @param directory private, for its image or its sockets */
  readonly open: (directory: string) => Promise<WritingDevice>;
}

export const writingDevices: readonly WritingDeviceKind[] = [
  { name: 'virtio-blk', model: 'virtio-blk-pci', open: openVirtioBlk },
  { name: 'virtio-net', model: 'virtio-net-pci', open: openVirtioNet },
  { name: 'virtio-rng', model: 'virtio-rng-pci', open: openVirtioRng },
];
