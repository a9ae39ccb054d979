/**
 * Drives a virtio device by qtest: legacy virtio over I/O ports of a PCI device, so that the
 * device, not the guest, reads and writes guest memory. x86 machines only.
 *
 * Registers: Virtual I/O Device specification, version 1.2, "Legacy Interface" of 4.1.4.10.
 */
import type { QtestClient } from '../../../qemu/qtest.js';
import { hex } from '../../../model/text/format.js';

/** the slot of the device, and the address that its registers get */
const slot = 0x10;
const ports = 0xc000;

const configAddress = 0xcf8;
const configData = 0xcfc;
const pci = { command: 0x04, bar0: 0x10 } as const;
/** I/O ports, memory, bus master */
const enabled = 0x7;

const register = {
  guestFeatures: ports + 0x04,
  queuePage: ports + 0x08,
  queueSize: ports + 0x0c,
  queueSelect: ports + 0x0e,
  queueNotify: ports + 0x10,
  status: ports + 0x12,
} as const;
const status = { found: 0x3, ready: 0x7 } as const;

/** properties of every such device on the command line */
export const legacyVirtio = `addr=${hex(slot)},disable-legacy=off,disable-modern=on`;

/** One device; at the destination of a migration, the same one is another object. */
export class VirtioTransport {
  constructor(readonly qtest: QtestClient) {}

  /** Gives the device its ports and resets it. */
  async reset(): Promise<void> {
    const config = async (at: number, value: number): Promise<void> => {
      await this.qtest.outPort('l', configAddress, (0x80000000 | (slot << 11) | at) >>> 0);
      await this.qtest.outPort('l', configData, value);
    };
    await config(pci.bar0, ports);
    await config(pci.command, enabled);
    await this.qtest.outPort('b', register.status, 0);
    await this.qtest.outPort('b', register.status, status.found);
    await this.qtest.outPort('l', register.guestFeatures, 0);
  }

  /** the number of entries of a queue, which the device decides; 0 if there is no such queue */
  async queueSize(index: number): Promise<number> {
    await this.qtest.outPort('w', register.queueSelect, index);
    return await this.qtest.inPort('w', register.queueSize);
  }

  /** puts a queue into guest memory */
  async placeQueue(index: number, page: number): Promise<void> {
    await this.qtest.outPort('w', register.queueSelect, index);
    await this.qtest.outPort('l', register.queuePage, page);
  }

  /** the driver is ready: from here on the device works */
  async begin(): Promise<void> {
    await this.qtest.outPort('b', register.status, status.ready);
  }

  async notify(queue: number): Promise<void> {
    await this.qtest.outPort('w', register.queueNotify, queue);
  }
}
