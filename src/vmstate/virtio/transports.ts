/**
 * What the transport of a virtio device adds to its state: bytes before the device's own, and bytes
 * for each queue. The layouts were seen in streams of QEMU 7.2, 10.0 and 11.1. Pure.
 */
import type { Json } from '../../model/json.js';
import type { Cursor } from '../cursor.js';
import { Misfit, subsectionAt } from '../cursor.js';

export interface Transport {
  /** the members before those of the device */
  readonly members: Readonly<Record<string, Json>>;
  /** whether each queue has an alignment */
  readonly aligns: boolean;
  /** whether each queue has an interrupt vector */
  readonly vectors: boolean;
}

const pciStateVersion = 2;
const redHat = 0x1af4;
const [capabilityExpress, capabilityMsix] = [0x10, 0x11] as const;
const interruptPins = 4;

/** The offset of a capability in the configuration space; undefined without one. */
function capabilityOf(config: Buffer, wanted: number): number | undefined {
  let at = config.readUInt8(0x34) & ~3;
  // Each one has 4 bytes at least, so a longer list is a circle.
  for (let steps = 0; at >= 0x40 && steps < 48; steps++) {
    if (config.readUInt8(at) === wanted) return at;
    at = config.readUInt8(at + 1) & ~3;
  }
  return undefined;
}

function readPci(cursor: Cursor): Transport {
  const version = cursor.u32();
  const start = cursor.at;
  const head = cursor.take(0x100);
  if (version !== pciStateVersion || head.readUInt16LE(0) !== redHat) {
    throw new Misfit('no virtio device on PCI', 0);
  }
  cursor.at = start;
  const config = cursor.take(capabilityOf(head, capabilityExpress) === undefined ? 0x100 : 0x1000);
  const interrupts = Array.from({ length: interruptPins }, () => cursor.u32());
  const pci: Record<string, Json> = { version, config: config.toString('hex'), interrupts };
  const msix = capabilityOf(head, capabilityMsix);
  if (msix !== undefined) {
    const vectors = (head.readUInt16LE(msix + 2) & 0x7ff) + 1;
    pci['msix_table'] = Array.from({ length: vectors }, () => cursor.hex(16));
    pci['msix_pending'] = cursor.hex(Math.ceil(vectors / 8));
    pci['config_vector'] = cursor.u16();
  }
  return { members: { pci }, aligns: false, vectors: msix !== undefined };
}

function readMmio(cursor: Cursor): Transport {
  const mmio = {
    host_features_sel: cursor.u32(),
    guest_features_sel: cursor.u32(),
    guest_page_shift: cursor.u32(),
  };
  const { host_features_sel, guest_features_sel, guest_page_shift } = mmio;
  if (host_features_sel > 1 || guest_features_sel > 1 || guest_page_shift > 63) {
    throw new Misfit('no virtio device on MMIO', 0);
  }
  return { members: { mmio }, aligns: true, vectors: false };
}

/**
 * Bytes of a subchannel before its subsection, of the ORB in that, and of indicators and adapter
 * before theirs.
 */
const [subchannelBytes, orbBytes, adapterBytes] = [366, 12, 46] as const;

function readCcw(cursor: Cursor): Transport {
  const bytesThrough = (subsection: string, before: number, inside: number): string => {
    const header = subsectionAt(cursor.bytes, cursor.at + before);
    if (header?.name !== subsection) throw new Misfit('no virtio device on CCW', 0);
    return cursor.hex(header.end - cursor.at + inside);
  };
  const ccw = {
    subchannel: bytesThrough('s390_subch_dev/orb', subchannelBytes, orbBytes),
    adapter: bytesThrough('s390_adapter_info/summary_offset', adapterBytes, 4),
    thinint_isc: cursor.u8(),
    // Below zero before the driver has chosen one.
    revision: cursor.u32() | 0,
  };
  return { members: { ccw }, aligns: false, vectors: true };
}

/** In the order in which they are tried. */
export const transports: readonly ((cursor: Cursor) => Transport)[] = [readPci, readCcw, readMmio];
