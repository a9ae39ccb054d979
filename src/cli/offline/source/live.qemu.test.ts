import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitEvent } from '../../../migration/waits.js';
import { asArray, asObject } from '../../../model/json.js';
import type { Json } from '../../../model/json.js';
import { closeMemory, openMemory } from '../../../qemu/shared-memory.js';
import { realQemus } from '../../../qemu/qemus.fixtures.js';
import { sharedMemoryFiles } from '../../../model/scratch.fixtures.js';
import { saveMemory, withStoppedGuest } from '../samples/captures.fixtures.js';
import { drover } from '../../process/drover.fixtures.js';
import { hex } from '../../../model/text/format.js';
import { onlySlice } from '../../../memory/verdict.fixtures.js';

const kinds = ['anon', 'memfd', 'shmem'] as const;

for (const qemu of realQemus) {
  for (const kind of kinds) {
    test(
      `QEMU ${qemu.version}, ${kind} memory: a stopped guest is scanned by its process id, a running one refused`,
      { skip: qemu.skip },
      async (t) => {
        const memory = openMemory(kind, 150 * 2 ** 20);
        try {
          await withStoppedGuest(qemu, memory, async (stage) => {
            const { context, machine, scratch } = stage;
            const source = `pid:${machine.process.pid}`;
            const { range } = context.platform;
            const truth = onlySlice(await (await machine.ram(range)).checkStopped(range));
            const ran = await drover(['scan', '--json', source], scratch);
            assert.equal(ran.code, 0, `${ran.stdout}${ran.stderr}`);
            const document = asObject(JSON.parse(ran.stdout) as Json);
            const slice = asObject(asArray(document['slices'])[0]);
            assert.deepEqual([slice['generation'], slice['edge']], [truth.generation, truth.edge]);
            t.diagnostic(JSON.stringify(asObject(document['source'])['label']));

            const saved = await saveMemory(stage, 'saved');
            const diff = await drover(['diff', source, saved, '--range', '1M-150M'], scratch);
            assert.equal(diff.code, 0, `${diff.stdout}${diff.stderr}`);

            // One stamp that is wrong is found through the same door.
            const page = range.start + 1234 * range.step;
            const value = await machine.qtest.readByte(page);
            await machine.qtest.writeByte(page, (value + 50) % 256);
            const damaged = await drover(['scan', source], scratch);
            assert.equal(damaged.code, 1, damaged.stderr);
            assert.match(damaged.stdout, new RegExp(`${hex(page)}-.*1 page`));

            const since = machine.qmp.events.cursor;
            await machine.qmp.execute('cont');
            await waitEvent(machine, 'RESUME', since);
            // Drover checks the threads before it reads memory and after. On a busy host they may
            // not run at the first check.
            const running = await drover(['scan', source], scratch);
            assert.equal(running.code, 2, running.stdout);
            assert.match(
              running.stderr,
              /the guest is running \(thread .*\), so its memory changes|the memory changed while Drover read it: the guest is running/,
            );
            const live = await drover(['scan', '--live', source], scratch);
            assert.ok(live.code === 0 || live.code === 1, live.stderr);
            assert.match(live.stdout, /an edge that moves can look like damage/);
          });
        } finally {
          closeMemory(memory);
        }
        assert.deepEqual(sharedMemoryFiles(), []);
      },
    );
  }
}
