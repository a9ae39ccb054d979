/**
 * Exported memory of a real guest is what QEMU itself saves of it, and tools of Drover read it
 * again.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { asArray, asObject } from '../../../model/json.js';
import type { Json } from '../../../model/json.js';
import { realQemus } from '../../../qemu/qemus.fixtures.js';
import { migrateTo, saveMemory, withStoppedGuest } from '../samples/captures.fixtures.js';
import type { Stage } from '../samples/captures.fixtures.js';
import { drover } from '../../process/drover.fixtures.js';
import { bytesOf } from './export.fixtures.js';
import { onlySlice } from '../../../memory/verdict.fixtures.js';

/**
 * A PC shows VGA and ROM here; a stream has the RAM behind, and a dump lists no memory where VGA
 * is.
 */
const shadows = {
  stream: { start: 0xa0000, end: 0x100000 },
  dump: { start: 0xa0000, end: 0xc0000 },
};

async function sourcesOf(stage: Stage): Promise<(readonly [string, keyof typeof shadows])[]> {
  const { context, machine } = stage;
  const dumps = [];
  for (const format of ['elf', 'kdump-zlib']) {
    const file = context.file(format);
    const request = { paging: false, protocol: `file:${file}`, format };
    await machine.qmp.execute('dump-guest-memory', request, { timeoutMs: 60_000 });
    dumps.push([file, 'dump'] as const);
  }
  const stream = context.file('stream');
  await migrateTo(stage, `exec:cat > ${stream}`);
  return [...dumps, [stream, 'stream'], [`pid:${machine.process.pid}`, 'stream']];
}

for (const qemu of realQemus) {
  test(
    `QEMU ${qemu.version}: exported memory is what pmemsave wrote, and is scanned and compared`,
    { skip: qemu.skip, timeout: 600_000 },
    async () => {
      await withStoppedGuest(qemu, { kind: 'anon' }, async (stage) => {
        const { context, machine, scratch } = stage;
        const { range, ramBytes } = context.platform;
        const truth = readFileSync(await saveMemory(stage, 'truth'));
        const stamps = onlySlice(await (await machine.ram(range)).checkStopped(range));
        for (const [source, kind] of await sourcesOf(stage)) {
          const raw = context.file('out.raw');
          const ran = await drover(['export', source, '--as', 'raw', '--force', raw], scratch);
          assert.equal(ran.code, 0, `${source}: ${ran.stdout}${ran.stderr}`);
          const { start, end } = shadows[kind];
          for (const [from, to] of [
            [0, start],
            [end, ramBytes],
          ] as const) {
            const same = bytesOf(raw, from, to).equals(truth.subarray(from, to));
            assert.ok(same, `${source} from ${from} to ${to}`);
          }
          const elf = context.file('out.elf');
          const wrote = await drover(['export', source, '--as', 'elf', '--force', elf], scratch);
          assert.equal(wrote.code, 0, `${source}: ${wrote.stdout}${wrote.stderr}`);
          const diff = await drover(['diff', '--no-devices', source, elf], scratch);
          assert.equal(diff.code, 0, `${source}: ${diff.stdout}${diff.stderr}`);
          const scan = await drover(['scan', '--json', elf], scratch);
          assert.equal(scan.code, 0, `${source}: ${scan.stdout}${scan.stderr}`);
          const [slice] = asArray(asObject(JSON.parse(scan.stdout) as Json)['slices']);
          const { pages, generation, edge } = asObject(slice);
          assert.deepEqual(
            [pages, generation, edge],
            [stamps.pages, stamps.generation, stamps.edge],
          );
        }
      });
    },
  );
}
