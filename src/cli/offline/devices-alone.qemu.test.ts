/** What real QEMUs write with xen-save-devices-state, by the commands that read it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { realQemus } from '../../qemu/qemus.fixtures.js';
import { drover } from '../process/drover.fixtures.js';
import { migrateTo, withStoppedGuest } from './samples/captures.fixtures.js';

for (const { skip, ...qemu } of realQemus) {
  test(
    `QEMU ${qemu.version}: device state alone equals itself, and a migration's RAM is not compared with it`,
    { skip },
    async () => {
      await withStoppedGuest(
        { skip, ...qemu },
        { kind: 'anon' },
        async ({ context, machine, scratch }) => {
          const first = context.file('first');
          await machine.qmp.execute('xen-save-devices-state', { filename: first, live: false });
          const inspected = await drover(['inspect', first], scratch);
          assert.equal(inspected.code, 0, inspected.stderr);
          assert.match(inspected.stdout, /device state without RAM/);
          const twice = await drover(['diff', first, first], scratch);
          assert.equal(twice.code, 0, twice.stdout + twice.stderr);
          const scanned = await drover(['scan', first], scratch);
          assert.equal(scanned.code, 2, scanned.stdout + scanned.stderr);

          const whole = context.file('whole');
          await migrateTo({ context, machine, scratch }, `exec:cat > ${whole}`);
          const beside = await drover(['diff', first, whole], scratch);
          assert.match(beside.stdout, /^not compared: RAM: A holds device state alone$/m);
          assert.doesNotMatch(beside.stdout, /block/);
          // The clock goes on, and the run state is another one.
          const names = [...beside.stdout.matchAll(/^ {2}(\S+), instance/gm)].map(
            ([, name]) => name,
          );
          assert.ok(names.includes('globalstate'), beside.stdout);
          const others = names.filter((name) => name !== 'globalstate' && name !== 'mc146818rtc');
          assert.deepEqual(others, [], beside.stdout);
        },
      );
    },
  );
}
