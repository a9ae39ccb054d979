/** The command line of a machine that runs Linux: kernel, initramfs, console, and its devices. */
import { closeSync, ftruncateSync, openSync } from 'node:fs';
import { escapeValue } from '../../model/command-line.js';
import type { LinuxImage } from '../../guest/linux-image.js';
import type { TestContext } from '../context.js';

const MiB = 1024 ** 2;
export const linuxRamBytes = 192 * MiB;

const diskBytes = 16 * MiB;

/** Where a disk is attached, and what Linux calls it. */
const disks = [
  { name: 'vda', devices: ['virtio-blk-pci,drive=disk0'] },
  { name: 'sda', devices: ['virtio-scsi-pci,id=scsi0', 'scsi-hd,bus=scsi0.0,drive=disk1'] },
  { name: 'sdb', devices: ['pvscsi,id=scsi1', 'scsi-hd,bus=scsi1.0,drive=disk2'] },
] as const;
const nvme = { name: 'nvme0n1', devices: ['nvme,serial=drover,drive=disk3'] } as const;

export interface LinuxDevices {
  /** an NVMe disk, which few releases migrate */
  readonly nvme?: boolean;
}

const disksOf = (devices: LinuxDevices): readonly { name: string; devices: readonly string[] }[] =>
  devices.nvme === true ? [...disks, nvme] : disks;

/** What must be busy in the guest (guest/linux/busy.c): a device without its driver would go unnoticed. */
export function busyWith(devices: LinuxDevices): string[] {
  return [
    ...['memory', 'old-memory', 'tmpfs'],
    ...disksOf(devices).map(({ name }) => name),
    ...['tcp', 'frames', 'clocks', 'floats', 'processes', 'random', 'port'],
  ];
}

/** the BIOS that QEMU's own x86 machines have, found in its folders of firmware */
export const linuxFirmware = 'bios-256k.bin';

const diskFile = (context: TestContext, index: number): string => context.file(`disk${index}.raw`);

/** Empty disks, which both sides open: QEMU locks them for the side whose guest runs. */
export function makeDisks(context: TestContext, devices: LinuxDevices): void {
  for (const index of disksOf(devices).keys()) {
    const fd = openSync(diskFile(context, index), 'wx', 0o600);
    ftruncateSync(fd, diskBytes);
    closeSync(fd);
  }
}

export const consoleFile = (context: TestContext, stem: string): string =>
  context.file(`${stem}.console`);

export interface LinuxPlace {
  readonly image: LinuxImage;
  readonly devices: LinuxDevices;
  /** what the machine's evidence files are called after */
  readonly stem: string;
}

export function linuxArgs(context: TestContext, { image, devices, stem }: LinuxPlace): string[] {
  const attached = disksOf(devices);
  const device = (...values: readonly string[]): string[] =>
    values.flatMap((value) => ['-device', value]);
  return [
    ...['-chardev', `file,id=console,path=${escapeValue(consoleFile(context, stem))}`],
    ...['-serial', 'chardev:console'],
    ...['-kernel', image.kernel, '-initrd', image.initramfs],
    ...['-append', `console=ttyS1 loglevel=5 panic=0 drover.disks=${attached.length}`],
    ...attached.flatMap(({ devices: values }, index) => [
      '-blockdev',
      `raw,node-name=disk${index},file.driver=file,file.filename=${escapeValue(diskFile(context, index))}`,
      ...device(...values),
    ]),
    // Two interfaces on one hub. Without ROMs for booting over the network, whose size differs
    // between releases.
    ...['-netdev', 'hubport,id=net0,hubid=0', '-netdev', 'hubport,id=net1,hubid=0'],
    ...device('virtio-net-pci,netdev=net0,romfile=', 'vmxnet3,netdev=net1,romfile='),
    ...device('virtio-rng-pci', 'virtio-balloon-pci', 'virtio-keyboard-pci'),
    ...['-chardev', 'file,id=port,path=/dev/null'],
    ...device('virtio-serial-pci', 'virtserialport,chardev=port'),
  ];
}
