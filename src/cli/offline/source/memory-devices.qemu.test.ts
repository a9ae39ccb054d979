/**
 * Memory devices of real machines: without their address a comparison leaves them out and says so,
 * with it they count.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contextFor, planFor } from '../../../migration/context.fixtures.js';
import { setCapability } from '../../../migration/commands.js';
import { asArray, asNumber, asObject } from '../../../model/json.js';
import { Scratch } from '../../../model/scratch.fixtures.js';
import { realQemus } from '../../../qemu/qemus.fixtures.js';
import { drover } from '../../process/drover.fixtures.js';
import { migrateTo } from '../samples/captures.fixtures.js';

const deviceBytes = 16 * 2 ** 20;
const page = 0x5000;

for (const qemu of realQemus) {
  for (const model of ['pc-dimm', 'nvdimm']) {
    test(
      `QEMU ${qemu.version}: memory of a ${model} is compared where --place says its address`,
      { skip: qemu.skip, timeout: 600_000 },
      async () => {
        using scratch = new Scratch();
        await using context = contextFor(await planFor(qemu, scratch.directory), scratch.directory);
        const machine = await context.startMachine({
          side: 'destination',
          memory: { kind: 'anon' },
          firmware: context.writeGuest(),
          extraArgs: [
            ...['-m', `${context.platform.ramBytes / 2 ** 20}M,slots=1,maxmem=4G`],
            ...(model === 'nvdimm' ? ['-machine', 'nvdimm=on'] : []),
            ...['-object', `memory-backend-ram,id=more,size=${deviceBytes}`],
            ...['-device', `${model},id=device0,memdev=more`],
          ],
        });
        await machine.qmp.execute('stop');
        await setCapability(machine, 'events');
        const [device] = asArray(await machine.qmp.executeRaw('query-memory-devices'));
        const address = asNumber(asObject(asObject(device)['data'])['addr']) ?? 0;
        assert.ok(address > 0);
        const dump = async (name: string): Promise<string> => {
          const file = context.file(name);
          const request = { paging: false, protocol: `file:${file}` };
          await machine.qmp.execute('dump-guest-memory', request, { timeoutMs: 60_000 });
          return file;
        };
        await machine.qtest.write(address + page, Buffer.from('written'));
        const before = await dump('before.elf');
        const stream = context.file('stream');
        await migrateTo({ scratch, context, machine }, `exec:cat > ${stream}`);
        await machine.qtest.write(address + page + 3, Buffer.from('T'));
        const after = await dump('after.elf');

        const diff = async (file: string, ...args: string[]) =>
          await drover(['diff', '--no-devices', stream, file, ...args], scratch);
        const unknown = await diff(before);
        assert.equal(unknown.code, 2, unknown.stdout);
        const missing = /block more: the guest address of 16,777,216 bytes in A is not known/;
        assert.match(unknown.stdout, missing);
        const place = ['--place', 'mig.mem=0', '--place', `more=${address}`];
        const same = await diff(before, ...place);
        assert.equal(same.code, 0, same.stdout);
        const changed = await diff(after, ...place);
        assert.equal(changed.code, 1, changed.stdout);
        assert.match(changed.stdout, new RegExp(`0x${(address + page).toString(16)}`));
      },
    );
  }
}
