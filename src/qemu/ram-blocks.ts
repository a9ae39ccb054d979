/** The RAM blocks of a QEMU and where they lie in its address space, as its monitor lists them. */
import { contractError } from '../model/errors.js';
import type { QmpClient } from '../qmp/client.js';

export interface RamBlockPlace {
  readonly name: string;
  /** in QEMU's own numbering of all RAM */
  readonly offset: number;
  /** of the block's length, what is in use and migrates */
  readonly usedBytes: number;
  /** undefined where this QEMU does not tell */
  readonly hostAddress: bigint | undefined;
}

/**
 * name, page size, offset, used and total length, and in newer versions the host address and
 * whether it is writable
 */
const row =
  /^\s*(\S.*?)\s+\d+ (?:B|[KMG]iB)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)\s+0x[0-9a-f]+(?:\s+0x([0-9a-f]+)\s+r[ow])?\s*$/i;

/** characters; a name has at most 255 */
const longestRow = 1024;

/** @returns blocks with a name: the others do not migrate */
export function readRamBlocks(text: string): RamBlockPlace[] {
  return text.split('\n').flatMap((line) => {
    const found = line.length > longestRow ? null : row.exec(line);
    if (found === null) return [];
    const [, name = '', offset = '', used = '', host] = found;
    return [
      {
        name,
        offset: parseInt(offset, 16),
        usedBytes: parseInt(used, 16),
        hostAddress: host === undefined ? undefined : BigInt(`0x${host}`),
      },
    ];
  });
}

export async function listRamBlocks(qmp: QmpClient, signal: AbortSignal): Promise<RamBlockPlace[]> {
  const command = { 'command-line': 'info ramblock' };
  const answer = await qmp.executeRaw('human-monitor-command', command, { signal });
  const blocks = typeof answer === 'string' ? readRamBlocks(answer) : [];
  if (blocks.length > 0) return blocks;
  throw contractError('no-ram-blocks', "QEMU's monitor lists no RAM blocks ('info ramblock')", {
    lastSeen: JSON.stringify(answer).slice(0, 500),
  });
}
