/**
 * The memory of a process as /proc/PID/maps lists it, and which of it is the RAM of a guest. Pure.
 */

export interface ProcessMapping {
  readonly start: bigint;
  readonly sizeBytes: number;
  readonly readable: boolean;
  readonly writable: boolean;
  readonly shared: boolean;
  /** in the file */
  readonly offset: number;
  /** `major:minor`, in hexadecimal */
  readonly device: string;
  /** 0 for anonymous memory */
  readonly inode: number;
  readonly path: string;
}

const line =
  /^([0-9a-f]+)-([0-9a-f]+) ([r-])([w-])[x-]([ps]) ([0-9a-f]+) ([0-9a-f]+:[0-9a-f]+) (\d+) *(.*)$/;

export function readMaps(text: string): ProcessMapping[] {
  return text.split('\n').flatMap((row) => {
    const found = line.exec(row);
    if (found === null) return [];
    const [, start = '', end = '', r, w, s, offset = '', device = '', inode, path = ''] = found;
    const first = BigInt(`0x${start}`);
    return [
      {
        start: first,
        sizeBytes: Number(BigInt(`0x${end}`) - first),
        readable: r === 'r',
        writable: w === 'w',
        shared: s === 's',
        offset: parseInt(offset, 16),
        device,
        inode: Number(inode),
        path,
      },
    ];
  });
}

/**
 * The mapping that holds `ramBytes` of guest memory in one piece, or why none was found. A shared
 * file comes first: that is a memory backend. QEMU gives each memory block a mapping of its own
 * with a guard page after it, so anonymous memory of exactly that size is the guest's.
 */
export function findRam(
  maps: readonly ProcessMapping[],
  ramBytes: number,
): ProcessMapping | { readonly problem: string } {
  const fits = maps.filter(
    ({ readable, writable, sizeBytes }) => readable && writable && sizeBytes === ramBytes,
  );
  const shared = fits.filter(({ shared: isShared, inode }) => isShared && inode !== 0);
  const anonymous = fits.filter(({ inode, path }) => inode === 0 && !path.startsWith('['));
  for (const candidates of [shared, anonymous]) {
    if (candidates.length > 1) {
      return {
        problem: `${candidates.length} mappings have the size of its memory, ${ramBytes} bytes`,
      };
    }
    if (candidates[0] !== undefined) return candidates[0];
  }
  const privateFile = fits.find(({ inode, shared: isShared }) => inode !== 0 && !isShared);
  return privateFile ?? { problem: `no mapping has the size of its memory, ${ramBytes} bytes` };
}
