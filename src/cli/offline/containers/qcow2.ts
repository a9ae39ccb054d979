/**
 * Internal snapshots of a qcow2 image (`savevm`, `virsh snapshot-create`): the machine state of one, copied to a
 * temporary file. It lies in clusters behind the end of the disk, in any order. Read as the public specification of
 * qcow2 defines it; every number of the file is checked before it is used.
 */
import { closeSync, ftruncateSync, readSync, writeSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { Cancelled } from '../../../model/deadline.js';
import { HarnessError } from '../../../model/errors.js';
import { counted } from '../../../model/text/format.js';
import { printableLine } from '../../../model/text/printable.js';
import { formatBytes } from '../../../model/text/sizes.js';
import { Qcow2Bytes } from './qcow2-bytes.js';
import { roomIn, temporaryFile, tooLarge } from './temporary-file.js';
import type { UnpackOptions } from './compressed.js';

export interface Snapshot {
  readonly id: string;
  readonly name: string;
  /** when it was made, ISO 8601 */
  readonly time: string;
  /** bytes of machine state; 0 for a snapshot of the disk alone */
  readonly stateBytes: number;
}

interface SnapshotEntry extends Snapshot {
  readonly tableOffset: number;
  readonly tableEntries: number;
  /** size of the disk at that time */
  readonly diskBytes: number;
}

const magic = 0x514649fb;
/** as QEMU's own limits */
const mostSnapshots = 65536;
const mostTableBytes = 32 * 1024 * 1024;
const mostExtraBytes = 1024;
const subclusters = 32;
/** bits 9 to 55 of an entry */
const offsetMask = 0x00fffffffffffe00n;
const compressedFlag = 1n << 62n;
const zeroFlag = 1n;
const incompatible = { externalData: 1n << 2n, extendedEntries: 1n << 4n };
/** dirty, corrupt, external data, compression type, extended entries */
const knownIncompatible = 0b11111n;

export class Qcow2 {
  readonly snapshots: readonly Snapshot[];
  readonly #entries: readonly SnapshotEntry[];
  readonly #clusterBytes: number;
  /** of an entry of an L2 table: 16 with subclusters */
  readonly #entryBytes: 8 | 16;
  readonly #bytes: Qcow2Bytes;

  private constructor(
    readonly fd: number,
    readonly label: string,
  ) {
    this.#bytes = new Qcow2Bytes(fd, label);
    const head = this.#bytes.read(0, 72, 'the header');
    const version = head.readUInt32BE(4);
    if (version !== 2 && version !== 3) throw this.#bytes.unsupported(`version number ${version}`);
    const features = version === 3 ? this.#bytes.read(72, 8, 'the header').readBigUInt64BE() : 0n;
    const clusterBits = head.readUInt32BE(20);
    if (clusterBits < 9 || clusterBits > 21) {
      throw this.#bytes.broken(`clusters of 2^${clusterBits} bytes; 9 to 21 are possible`);
    }
    if ((features & ~knownIncompatible) !== 0n) {
      throw this.#bytes.unsupported(`incompatible features 0x${features.toString(16)}`);
    }
    if ((features & incompatible.externalData) !== 0n)
      throw this.#bytes.unsupported('an external data file');
    if (head.readUInt32BE(32) !== 0) throw this.#bytes.unsupported('encryption');
    this.#entryBytes = (features & incompatible.extendedEntries) === 0n ? 8 : 16;
    this.#clusterBytes = 2 ** clusterBits;
    const disk = this.#bytes.number(head, 24, 'the size of the disk');
    this.#entries = this.#readSnapshots(
      head.readUInt32BE(60),
      this.#bytes.number(head, 64, 'the offset of the snapshots'),
      disk,
    );
    this.snapshots = this.#entries.map(({ id, name, time, stateBytes }) => ({
      id,
      name,
      time,
      stateBytes,
    }));
  }

  /** @returns undefined for any other file */
  static open(fd: number, label: string): Qcow2 | undefined {
    const head = Buffer.alloc(4);
    if (readSync(fd, head, 0, 4, 0) < 4 || head.readUInt32BE() !== magic) return undefined;
    return new Qcow2(fd, label);
  }

  /** The snapshot of this name or id; without a name, the only one that holds machine state. */
  find(name: string | undefined): Snapshot {
    const withState = this.#entries.filter(({ stateBytes }) => stateBytes > 0);
    const found =
      name === undefined
        ? withState
        : this.#entries.filter((entry) => entry.name === name || entry.id === name);
    const [only] = found;
    if (only !== undefined && found.length === 1 && only.stateBytes > 0) return only;
    const listed = this.#entries.map(
      (entry) =>
        `${printableLine(entry.name)} (id ${printableLine(entry.id)}, ${entry.time}): ${entry.stateBytes === 0 ? 'the disk alone' : `${formatBytes(entry.stateBytes)} of machine state`}`,
    );
    throw new HarnessError({
      code: 'bad-source',
      blame: 'usage',
      message: `${this.label}: ${this.#whyNone(name, withState.length, found.length)}`,
      details:
        listed.length === 0
          ? ["'savevm' of QEMU's monitor makes a snapshot with machine state"]
          : ['its snapshots:', ...listed],
    });
  }

  #whyNone(name: string | undefined, withState: number, found: number): string {
    if (name !== undefined) {
      const shown = printableLine(name);
      if (found === 0) return `no snapshot has the name or id '${shown}'`;
      return found > 1
        ? `${found} snapshots are named '${shown}'; give an id`
        : `snapshot '${shown}' holds the disk alone, no machine state`;
    }
    return withState === 0
      ? 'a qcow2 image without a snapshot that holds machine state'
      : `${withState} snapshots hold machine state; choose one by ${this.label === '-' ? '/dev/stdin' : 'FILE'}#NAME`;
  }

  /**
   * Copies a snapshot's machine state to a temporary file, with holes for zeroes. State that the image does not hold is
   * damage: QEMU writes every byte. With `salvage` that is a hole, too, and `problem` says so.
   */
  async extract(
    chosen: Snapshot,
    options: UnpackOptions,
  ): Promise<{ readonly fd: number; readonly problem: string | undefined }> {
    const to = temporaryFile(options.folder);
    try {
      const lacking = await this.#copyState(chosen, to, options);
      return { fd: to, problem: lacking === undefined ? undefined : `the qcow2 image: ${lacking}` };
    } catch (error) {
      closeSync(to);
      const code = (error as NodeJS.ErrnoException).code;
      throw code === 'ENOSPC' ? tooLarge(this.label, options.folder) : error;
    }
  }

  async #copyState(
    chosen: Snapshot,
    to: number,
    { folder, signal, onProgress, salvage = false }: UnpackOptions,
  ): Promise<string | undefined> {
    // Ids of a damaged image may not be unique.
    const entry = this.#entries.find((one) => one === chosen);
    if (entry === undefined) throw new Error(`no snapshot ${chosen.id}`);
    const { stateBytes } = entry;
    if (stateBytes > roomIn(folder)) throw tooLarge(this.label, folder);
    ftruncateSync(to, stateBytes);
    const [clusterBytes, entryBytes] = [this.#clusterBytes, this.#entryBytes];
    const perTable = clusterBytes / entryBytes;
    // The state begins where an L1 entry begins, behind the last one that the disk needs.
    const first = Math.ceil(entry.diskBytes / (clusterBytes * perTable));
    const clusters = Math.ceil(stateBytes / clusterBytes);
    const tables = Math.ceil(clusters / perTable);
    if (first + tables > entry.tableEntries) {
      throw this.#bytes.broken(
        `snapshot ${chosen.id} has ${counted(stateBytes, 'byte')} of machine state, and its L1 table ends before them`,
      );
    }
    let lacking: string | undefined;
    const lack = (offset: number): void => {
      const why = `offset ${offset} of the machine state of snapshot ${printableLine(chosen.id)} has no cluster`;
      if (!salvage) throw this.#bytes.broken(why, ['--salvage takes zeroes for it']);
      lacking ??= why;
    };
    const l1 = this.#bytes.read(entry.tableOffset + 8 * first, 8 * tables, 'an L1 table');
    for (let table = 0; table < tables; table++) {
      await setImmediate();
      if (signal.aborted) throw new Cancelled();
      const at = this.#hostOffset(l1.readBigUInt64BE(8 * table), 'an L2 table');
      const from = table * perTable;
      if (at === 0) {
        lack(from * clusterBytes);
        continue;
      }
      const l2 = this.#bytes.read(at, clusterBytes, 'an L2 table');
      for (let index = 0; index < perTable && from + index < clusters; index++) {
        const offset = (from + index) * clusterBytes;
        const bytes = Math.min(clusterBytes, stateBytes - offset);
        const part = this.#copyCluster(l2, index * entryBytes, to, offset, bytes);
        if (part !== undefined) lack(offset + part);
      }
      onProgress?.(Math.min((from + perTable) * clusterBytes, stateBytes), stateBytes);
    }
    return lacking;
  }

  /** @returns where in the cluster something is neither data nor zeroes; undefined: nowhere */
  #copyCluster(
    l2: Buffer,
    at: number,
    to: number,
    offset: number,
    bytes: number,
  ): number | undefined {
    const entry = l2.readBigUInt64BE(at);
    if ((entry & compressedFlag) !== 0n)
      throw this.#bytes.unsupported('compressed clusters in the machine state');
    const host = this.#hostOffset(entry, 'a cluster');
    if (this.#entryBytes === 16) {
      const [zeroes, allocated] = [l2.readUInt32BE(at + 8), l2.readUInt32BE(at + 12)];
      if (host === 0 && allocated !== 0)
        throw this.#bytes.broken('subclusters of a cluster without an offset');
      const part = this.#clusterBytes / subclusters;
      let lacking: number | undefined;
      for (let index = 0; index < subclusters && index * part < bytes; index++) {
        if (((allocated >>> index) & 1) === 0) {
          if (((zeroes >>> index) & 1) === 0) lacking ??= index * part;
          continue;
        }
        this.#copy(
          host + index * part,
          to,
          offset + index * part,
          Math.min(part, bytes - index * part),
        );
      }
      return lacking;
    }
    if ((entry & zeroFlag) !== 0n) return undefined;
    if (host === 0) return 0;
    this.#copy(host, to, offset, bytes);
    return undefined;
  }

  /** of an entry of an L1 or L2 table; 0: none */
  #hostOffset(entry: bigint, what: string): number {
    const offset = Number(entry & offsetMask);
    if (offset % this.#clusterBytes !== 0) {
      throw this.#bytes.broken(`${what} at offset ${offset}, which no cluster begins at`);
    }
    return offset;
  }

  #copy(from: number, to: number, offset: number, bytes: number): void {
    // The last cluster of a file may be cut at its end: what is not there reads as zeroes, as QEMU does it.
    const there = Math.min(bytes, this.#bytes.size - from);
    if (from <= 0 || there <= 0)
      throw this.#bytes.broken(`a cluster at offset ${from}, outside the file`);
    const data = this.#bytes.read(from, there, 'a cluster');
    for (let done = 0; done < there;)
      done += writeSync(to, data, done, there - done, offset + done);
  }

  #readSnapshots(count: number, offset: number, disk: number): SnapshotEntry[] {
    if (count > mostSnapshots)
      throw this.#bytes.broken(`${count} snapshots; ${mostSnapshots} are possible`);
    const entries: SnapshotEntry[] = [];
    let at = offset;
    for (let index = 0; index < count; index++) {
      const what = `snapshot ${index + 1} of ${count}`;
      const head = this.#bytes.read(at, 40, what);
      const extraBytes = head.readUInt32BE(36);
      const [idBytes, nameBytes] = [head.readUInt16BE(12), head.readUInt16BE(14)];
      if (extraBytes > mostExtraBytes)
        throw this.#bytes.broken(`${what} has ${extraBytes} bytes of extra data`);
      const rest = this.#bytes.read(at + 40, extraBytes + idBytes + nameBytes, what);
      const tableEntries = head.readUInt32BE(8);
      if (tableEntries * 8 > mostTableBytes)
        throw this.#bytes.broken(`the L1 table of ${what} has ${tableEntries} entries`);
      const text = (from: number, bytes: number): string =>
        rest.toString('utf8', from, from + bytes);
      entries.push({
        id: text(extraBytes, idBytes),
        name: text(extraBytes + idBytes, nameBytes),
        time: new Date(head.readUInt32BE(16) * 1000).toISOString(),
        stateBytes:
          extraBytes >= 8
            ? this.#bytes.number(rest, 0, `the state of ${what}`)
            : head.readUInt32BE(32),
        diskBytes: extraBytes >= 16 ? this.#bytes.number(rest, 8, `the disk of ${what}`) : disk,
        tableOffset: this.#bytes.number(head, 0, `the L1 table of ${what}`),
        tableEntries,
      });
      at += Math.ceil((40 + extraBytes + idBytes + nameBytes) / 8) * 8;
    }
    return entries;
  }
}
