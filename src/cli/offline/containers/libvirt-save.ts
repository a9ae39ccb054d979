/**
 * The head of a file that `virsh save`, `virsh managedsave` and `virsh snapshot-create` of a running domain write: a
 * header of 92 bytes, the domain XML with libvirt's cookie, then QEMU's migration stream, plain or compressed.
 */
import { readSync } from 'node:fs';
import { HarnessError } from '../../../model/errors.js';
import { counted } from '../../../model/text/format.js';
import { sizeOf } from './temporary-file.js';

export interface LibvirtSave {
  readonly version: number;
  /** libvirt marks a file as complete when it is; false while it is written, or when writing it failed */
  readonly complete: boolean;
  readonly wasRunning: boolean;
  readonly compression: string;
  readonly xml: string;
  /** offset of what follows the header and its data, bytes */
  readonly dataEnd: number;
}

const headerBytes = 92;
const newestVersion = 3;
/** by the number in the header */
const formats = ['raw', 'gzip', 'bzip2', 'xz', 'lzop', 'zstd', 'sparse'];
/** libvirt itself refuses more XML than this */
const mostDataBytes = 64 * 1024 * 1024;
const sixteenBit = 0x10000;

/** @returns undefined for any other file */
export function readLibvirtSave(fd: number, label: string): LibvirtSave | undefined {
  const header = Buffer.alloc(headerBytes);
  const got = readSync(fd, header, 0, headerBytes, 0);
  const magic = header.toString('latin1', 0, 16);
  if (magic !== 'LibvirtQemudSave' && magic !== 'LibvirtQemudPart') return undefined;
  if (got < headerBytes) throw broken(label, `it ends inside libvirt's header, after ${got} bytes`);
  // The words have the byte order of the host that wrote them.
  if (header.readUInt32LE(16) >= sixteenBit) header.subarray(16).swap32();
  const word = (index: number): number => header.readUInt32LE(16 + 4 * index);
  const [version, length, wasRunning, format, cookie] = [0, 1, 2, 3, 4].map(word) as [
    number,
    number,
    number,
    number,
    number,
  ];
  if (version < 1 || version > newestVersion) {
    throw new HarnessError({
      code: 'image-unsupported',
      blame: 'usage',
      message: `${label}: libvirt save image of version ${version}; Drover reads 1 to ${newestVersion}`,
    });
  }
  const compression = formats[format];
  if (compression === undefined) {
    throw new HarnessError({
      code: 'image-unsupported',
      blame: 'usage',
      message: `${label}: libvirt save image of format number ${format}; Drover reads ${formats.join(', ')}`,
    });
  }
  const size = sizeOf(fd);
  if (length > mostDataBytes || headerBytes + length > size) {
    throw broken(
      label,
      `libvirt's header announces ${counted(length, 'byte')} of domain XML, and the file has ${counted(size, 'byte')}`,
    );
  }
  const data = Buffer.alloc(length);
  readSync(fd, data, 0, length, headerBytes);
  const end = data.indexOf(0);
  return {
    version,
    complete: magic === 'LibvirtQemudSave',
    wasRunning: wasRunning !== 0,
    compression,
    xml: data.toString(
      'utf8',
      0,
      Math.min(end < 0 ? length : end, version > 1 && cookie > 0 ? cookie : length),
    ),
    dataEnd: headerBytes + length,
  };
}

function broken(label: string, why: string): HarnessError {
  return new HarnessError({
    code: 'image-broken',
    blame: 'contract',
    message: `${label}, a libvirt save image, is damaged: ${why}`,
  });
}
