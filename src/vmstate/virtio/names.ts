/**
 * Names of status and feature bits, as in the specification of virtio 1.2, those of legacy devices
 * too. Pure.
 */
import type { Json } from '../../model/json.js';
import { hex64 } from '../leaves.js';

type Names = Readonly<Record<number, string>>;

const statusNames: Names = {
  0: 'ACKNOWLEDGE',
  1: 'DRIVER',
  2: 'DRIVER_OK',
  3: 'FEATURES_OK',
  6: 'DEVICE_NEEDS_RESET',
  7: 'FAILED',
};

/** Bits that all devices have. */
const commonNames: Names = {
  24: 'VIRTIO_F_NOTIFY_ON_EMPTY',
  27: 'VIRTIO_F_ANY_LAYOUT',
  28: 'VIRTIO_F_INDIRECT_DESC',
  29: 'VIRTIO_F_EVENT_IDX',
  32: 'VIRTIO_F_VERSION_1',
  33: 'VIRTIO_F_ACCESS_PLATFORM',
  34: 'VIRTIO_F_RING_PACKED',
  35: 'VIRTIO_F_IN_ORDER',
  36: 'VIRTIO_F_ORDER_PLATFORM',
  37: 'VIRTIO_F_SR_IOV',
  38: 'VIRTIO_F_NOTIFICATION_DATA',
  39: 'VIRTIO_F_NOTIF_CONFIG_DATA',
  40: 'VIRTIO_F_RING_RESET',
};

/**
 * Names of bits from 0 on, an empty one for a bit without a name; without their prefix, which the
 * key is.
 */
const deviceNames: Readonly<Record<string, readonly string[]>> = {
  NET: [
    ...['CSUM', 'GUEST_CSUM', 'CTRL_GUEST_OFFLOADS', 'MTU', '', 'MAC', 'GSO', 'GUEST_TSO4'],
    ...['GUEST_TSO6', 'GUEST_ECN', 'GUEST_UFO', 'HOST_TSO4', 'HOST_TSO6', 'HOST_ECN', 'HOST_UFO'],
    ...['MRG_RXBUF', 'STATUS', 'CTRL_VQ', 'CTRL_RX', 'CTRL_VLAN', 'CTRL_RX_EXTRA'],
    ...['GUEST_ANNOUNCE', 'MQ', 'CTRL_MAC_ADDR', ...Array<string>(29).fill(''), 'NOTF_COAL'],
    ...['GUEST_USO4', 'GUEST_USO6', 'HOST_USO', 'HASH_REPORT', '', 'GUEST_HDRLEN', 'RSS'],
    ...['RSC_EXT', 'STANDBY', 'SPEED_DUPLEX'],
  ],
  BLK: [
    ...['BARRIER', 'SIZE_MAX', 'SEG_MAX', '', 'GEOMETRY', 'RO', 'BLK_SIZE', 'SCSI', '', 'FLUSH'],
    ...['TOPOLOGY', 'CONFIG_WCE', 'MQ', 'DISCARD', 'WRITE_ZEROES', 'LIFETIME', 'SECURE_ERASE'],
  ],
  CONSOLE: ['SIZE', 'MULTIPORT', 'EMERG_WRITE'],
  BALLOON: [
    ...['MUST_TELL_HOST', 'STATS_VQ', 'DEFLATE_ON_OOM', 'FREE_PAGE_HINT', 'PAGE_POISON'],
    'PAGE_REPORTING',
  ],
  SCSI: ['INOUT', 'HOTPLUG', 'CHANGE', 'T10_PI'],
  '9P': ['MOUNT_TAG'],
  GPU: ['VIRGL', 'EDID', 'RESOURCE_UUID', 'RESOURCE_BLOB', 'CONTEXT_INIT'],
  VSOCK: ['STREAM', 'SEQPACKET'],
  CRYPTO: [
    ...['REVISION_1', 'CIPHER_STATELESS_MODE', 'HASH_STATELESS_MODE', 'MAC_STATELESS_MODE'],
    ...['AEAD_STATELESS_MODE', 'AKCIPHER_STATELESS_MODE'],
  ],
  IOMMU: [
    ...['INPUT_RANGE', 'DOMAIN_RANGE', 'MAP_UNMAP', 'BYPASS', 'PROBE', 'MMIO', 'BYPASS_CONFIG'],
  ],
  MEM: ['ACPI_PXM', 'UNPLUGGED_INACCESSIBLE'],
  FS: ['NOTIFICATION'],
  PMEM: ['SHMEM_REGION'],
};

/**
 * What is set, by name: `{ value: '0x5', ACKNOWLEDGE: true, DRIVER_OK: true }`. So a comparison
 * names each bit that differs.
 */
function flags(value: bigint, shown: Json, nameOf: (bit: number) => string | undefined): Json {
  const names: [string, true][] = [];
  for (let bit = 0; value >> BigInt(bit) !== 0n; bit++) {
    if (((value >> BigInt(bit)) & 1n) === 1n) names.push([nameOf(bit) ?? `bit ${bit}`, true]);
  }
  return { value: shown, ...Object.fromEntries(names) };
}

export const statusFlags = (value: number): Json =>
  flags(BigInt(value), value, (bit) => statusNames[bit]);

/** `device` is the name of QEMU's description, such as `virtio-net`. */
export function featureFlags(value: bigint, device: string): Json {
  const prefix =
    /^(?:virtio|vhost|vhost-user)-(?:vhost_)?([a-z0-9]+)/.exec(device)?.[1]?.toUpperCase() ?? '';
  return flags(value, hex64(value), (bit) => {
    const name = Object.hasOwn(deviceNames, prefix) ? deviceNames[prefix]?.[bit] : undefined;
    if (name !== undefined && name !== '') return `VIRTIO_${prefix}_F_${name}`;
    return commonNames[bit];
  });
}
