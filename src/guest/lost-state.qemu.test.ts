/**
 * The x86 guest notices itself that its processor no longer has the values that it gave it, and
 * says which part.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HarnessError } from '../model/errors.js';
import { Scratch } from '../model/scratch.fixtures.js';
import { setCapability } from '../migration/commands.js';
import { contextFor, planFor, stoppedMachine } from '../migration/context.fixtures.js';
import type { TestMachine } from '../migration/context.js';
import { writeRegister } from '../migration/gdb-stub.fixtures.js';
import type { gdbRegisters } from '../migration/gdb-stub.fixtures.js';
import { realQemus } from '../qemu/qemus.fixtures.js';
import type { RealQemu } from '../qemu/qemus.fixtures.js';
import type { GuestShape } from './shape.js';
import { loadStream, noNetwork, saveStream } from './saved-stream.fixtures.js';

const MiB = 2 ** 20;

async function faultAfter(
  qemu: RealQemu,
  register: keyof typeof gdbRegisters,
  value: Buffer,
  stamp: GuestShape['stamp'] = 'byte',
): Promise<HarnessError> {
  using scratch = new Scratch();
  const plan = await planFor(qemu, scratch.directory);
  await using context = contextFor(plan, scratch.directory, { ramBytes: 16 * MiB, stamp });
  const machine = await stoppedMachine(context);
  assert.equal(machine.serial.broken?.message, undefined);
  await writeRegister(machine, register, value);
  await machine.qmp.execute('cont');
  return await faultOf(machine);
}

async function faultOf(machine: TestMachine): Promise<HarnessError> {
  const never = Number.MAX_SAFE_INTEGER;
  const wait = machine.serial.waitForB({ since: never, timeoutMs: 20_000 });
  const fault: unknown = await wait.catch((error: unknown) => error);
  assert.ok(fault instanceof HarnessError && fault === machine.serial.broken, String(fault));
  return fault;
}

const losses = [
  ['r8', Buffer.alloc(8), 'its general registers (r8 to r15)', 'byte'],
  ['st5', Buffer.alloc(10), 'its x87 registers', 'byte'],
  ['xmm0', Buffer.alloc(16), 'its SSE registers', 'byte'],
  ['xmm0', Buffer.alloc(16), 'its SSE registers', 'page'],
] as const;

for (const qemu of realQemus) {
  for (const [register, value, part, stamp] of losses) {
    test(
      `QEMU ${qemu.version}: a guest with stamps of kind ${stamp} whose ${register} is zeroed says that ${part} lost their values`,
      { skip: qemu.skip },
      async () => {
        const { code, message, input } = await faultAfter(qemu, register, value, stamp);
        assert.deepEqual(
          [code, message, input.side],
          [
            'processor-state-lost',
            `the guest no longer finds its values in ${part}`,
            'destination',
          ],
        );
      },
    );
  }
}

for (const qemu of realQemus) {
  test(
    `QEMU ${qemu.version}: a guest on a processor with RDTSCP says that its TSC_AUX is lost`,
    { skip: qemu.skip },
    async () => {
      using scratch = new Scratch();
      const plan = await planFor(qemu, scratch.directory);
      await using context = contextFor(plan, scratch.directory, { ramBytes: 16 * MiB });
      const withRdtscp = ['-cpu', 'qemu64,rdtscp=on'];
      const source = await stoppedMachine(context, { kind: 'anon' }, [...noNetwork, ...withRdtscp]);
      await setCapability(source, 'events');
      const stream = await saveStream(source);
      await source.end();
      stream.set(['cpu', stream.offsetOf('cpu', 'env.tsc_aux')], 0n);
      const machine = await loadStream(context, stream, 'loss', withRdtscp);
      const { code, message } = await faultOf(machine);
      assert.deepEqual(
        [code, message],
        [
          'processor-state-lost',
          'the guest no longer finds its values in its model-specific registers',
        ],
      );
    },
  );
}
