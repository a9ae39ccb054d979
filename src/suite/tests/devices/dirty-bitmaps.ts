/**
 * Dirty bitmaps of a block device: the destination must know what was written since the last
 * backup.
 */
import { contractError } from '../../../model/errors.js';
import { asArray, asObject } from '../../../model/json.js';
import type { JsonObject } from '../../../model/json.js';
import type { Machine } from '../../../qemu/machine.js';
import type { TestContext } from '../../../migration/context.js';
import { precopy } from '../../../migration/flows/precopy.js';
import type { FlowResult } from '../../../migration/migration.js';

/** A bitmap of a node, by its names on one side. */
interface Place {
  readonly node: string;
  readonly bitmap: string;
}

const here: Place = { node: 'disk0', bitmap: 'backup0' };
const elsewhere: Place = { node: 'disk1', bitmap: 'backup1' };
const granularity = 65_536;
const blockArgs = ({ node }: Place): string[] => [
  '-blockdev',
  `driver=null-co,node-name=${node},size=67108864,read-zeroes=on`,
];

/** granules that are written; each write marks one */
const writes = [0, 3, 4, 200, 1023] as const;

/** on the wire, the same for both sides */
function mappingOf({ node, bitmap }: Place): JsonObject {
  const bitmaps = [{ name: bitmap, alias: 'bitmap-on-the-way' }];
  return { 'block-bitmap-mapping': [{ 'node-name': node, alias: 'node-on-the-way', bitmaps }] };
}

export interface BitmapOptions {
  /** without `dirty-bitmaps` QEMU does not migrate the bitmap, and the test must fail */
  readonly capabilities?: readonly string[];
  /** node and bitmap have other names at the destination, and both sides get the mapping */
  readonly renamed?: boolean;
}

export async function dirtyBitmaps(
  context: TestContext,
  { capabilities = ['dirty-bitmaps'], renamed = false }: BitmapOptions = {},
): Promise<FlowResult> {
  const { node, bitmap } = here;
  const there = renamed ? elsewhere : here;
  let before: JsonObject = {};
  return await precopy(context, {
    listen: 'tcp:127.0.0.1:0',
    live: true,
    capabilities,
    sourceArgs: blockArgs(here),
    destinationArgs: blockArgs(there),
    startHook: async ({ source, destination }) => {
      if (renamed) {
        await source.qmp.execute('migrate-set-parameters', mappingOf(here));
        await destination.qmp.execute('migrate-set-parameters', mappingOf(there));
      }
      await source.qmp.execute('block-dirty-bitmap-add', { node, name: bitmap, granularity });
      for (const granule of writes) {
        const command = `qemu-io ${node} "write ${granule * granularity} 512"`;
        await source.qmp.executeRaw('human-monitor-command', { 'command-line': command });
      }
      before = await bitmapOf(source, here);
      require(source, before['count'], writes.length * granularity, 'dirty bytes in the bitmap');
    },
    endHook: async ({ destination }) => {
      const after = await bitmapOf(destination, there);
      for (const field of ['count', 'granularity', 'recording', 'sha256']) {
        require(destination, after[field], before[field], `the bitmap's ${field}`);
      }
    },
  });
}

/** a bitmap as QEMU reports it, with a hash of its bits */
async function bitmapOf(machine: Machine, { node, bitmap }: Place): Promise<JsonObject> {
  const nodes = asArray(await machine.qmp.executeRaw('query-named-block-nodes', { flat: true }));
  const found = nodes
    .map(asObject)
    .filter((block) => block['node-name'] === node)
    .flatMap((block) => asArray(block['dirty-bitmaps']).map(asObject))
    .find(({ name }) => name === bitmap);
  require(machine, found === undefined ? 'absent' : 'there', 'there', `bitmap ${bitmap}`);
  const { sha256 = null } = await machine.qmp.execute('x-debug-block-dirty-bitmap-sha256', {
    node,
    name: bitmap,
  });
  return { ...found, sha256 };
}

function require(machine: Machine, seen: unknown, expected: unknown, what: string): void {
  if (seen === expected) return;
  throw contractError(
    'bitmap-differs',
    `${what}: ${String(seen)} on the ${machine.side}, expected ${String(expected)}`,
    { side: machine.side, waitedFor: String(expected), lastSeen: String(seen) },
  );
}
