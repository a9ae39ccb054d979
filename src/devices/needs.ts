/**
 * What a device needs beside itself on QEMU's command line: backends, and buses that machines lack.
 * Pure: a new need is a new row.
 */
import type { DeviceType } from './device-types.js';

/** of the device that is examined */
export const deviceId = 'dut';

interface Backend {
  /** property of the device that names the backend */
  readonly property: string;
  /** devices that do without */
  readonly except?: RegExp;
  readonly args: readonly string[];
}

/** None leads out of QEMU, so that a second machine can have the same. */
const backends: readonly Backend[] = [
  {
    property: 'drive',
    args: ['-blockdev', 'driver=null-co,node-name=b0,size=1048576,read-zeroes=on'],
  },
  { property: 'netdev', args: ['-netdev', 'hubport,id=b0,hubid=0'] },
  {
    property: 'chardev',
    // it waits for a server at the other end, and QEMU with it
    except: /^ivshmem-doorbell$/,
    args: ['-chardev', 'null,id=b0'],
  },
  { property: 'memdev', args: ['-object', 'memory-backend-ram,id=b0,size=2M,share=on'] },
  { property: 'audiodev', args: ['-audiodev', 'none,id=b0'] },
  { property: 'cryptodev', args: ['-object', 'cryptodev-backend-builtin,id=b0'] },
  { property: 'canbus', args: ['-object', 'can-bus,id=b0'] },
  { property: 'fsdev', args: ['-fsdev', 'synth,id=b0'] },
];

/** what brings a bus */
const buses: Readonly<Record<string, readonly string[]>> = {
  'usb-bus': ['qemu-xhci'],
  'ccid-bus': ['qemu-xhci', 'usb-ccid'],
  SCSI: ['virtio-scsi-pci'],
  HDA: ['intel-hda'],
  'virtio-serial-bus': ['virtio-serial-pci'],
  'sd-bus': ['sdhci-pci'],
  'nvme-bus': ['nvme,serial=1'],
  'ufs-bus': ['ufs'],
  'floppy-bus': ['isa-fdc'],
  IndustryPack: ['tpci200'],
};

interface Particular {
  readonly device: RegExp;
  /** more properties of the device */
  readonly properties?: string;
  readonly args?: (device: string, ramBytes: number) => readonly string[];
}

const processor = /-(?:x86_64|i386)-cpu$/;

const particulars: readonly Particular[] = [
  { device: /^nvme$/, properties: 'serial=1' },
  { device: /^virtio-9p-/, properties: 'mount_tag=drover' },
  {
    device: /^(?:ctucan|mioe3680|pcm3680)_pci$/,
    properties: 'canbus0=can0,canbus1=can0',
    args: () => ['-object', 'can-bus,id=can0'],
  },
  { device: /^pxb/, properties: 'bus_nr=16' },
  { device: /^pxb-cxl$/, args: () => ['-machine', 'cxl=on'] },
  { device: /^pci-bridge/, properties: 'chassis_nr=1' },
  {
    device: /^(?:isa|pci)-ipmi-|^smbus-ipmi$/,
    properties: 'bmc=bmc0',
    args: () => ['-device', 'ipmi-bmc-sim,id=bmc0'],
  },
  {
    device: /^(?:pc-dimm|nvdimm|virtio-mem-pci|virtio-pmem-pci)$/,
    args: (_device, ramBytes) => ['-m', `${ramBytes}B,slots=2,maxmem=1G`],
  },
  { device: /^nvdimm$/, args: () => ['-machine', 'nvdimm=on'] },
  {
    // plugged in, a processor must be of the model that the machine has
    device: processor,
    properties: 'socket-id=1,core-id=0,thread-id=0',
    args: (device) => [
      ...['-cpu', device.replace(processor, '')],
      ...['-smp', 'cpus=1,sockets=2,cores=1,threads=1,maxcpus=2'],
    ],
  },
];

/** The arguments that add a device, with all it needs, to a machine with `-nodefaults`. */
export function argumentsFor(
  { name, bus, properties }: Pick<DeviceType, 'name' | 'bus' | 'properties'>,
  ramBytes: number,
): string[] {
  const backend = backends.find(
    ({ property, except }) => properties.includes(property) && except?.test(name) !== true,
  );
  const own = particulars.filter(({ device }) => device.test(name));
  const value = [
    name,
    `id=${deviceId}`,
    ...(backend === undefined ? [] : [`${backend.property}=b0`]),
    ...own.flatMap((one) => one.properties ?? []),
  ];
  return [
    '-nodefaults',
    ...own.flatMap((one) => one.args?.(name, ramBytes) ?? []),
    ...(bus === undefined ? [] : (buses[bus] ?? [])).flatMap((one) => ['-device', one]),
    ...(backend?.args ?? []),
    '-device',
    value.join(','),
  ];
}
