/**
 * The arrival check finds what the stamps of the guest cannot: anything that differs between a
 * source and a destination that both stand still. One byte, register or port of the destination is
 * altered just before they are compared.
 */
import assert from 'node:assert/strict';
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { test } from 'node:test';
import type { TestMachine } from '../migration/context.js';
import { writeRegister } from '../migration/gdb-stub.fixtures.js';
import { expectedDifferences } from '../migration/arrival/expected-differences.js';
import { listRamBlocks } from '../qemu/ram-blocks.js';
import { facts, failureOf, outcomeOf, qemu } from './attempt.fixtures.js';
import { unixSocket } from './tests/unix-socket.js';
import { precopyTest } from './definition.js';
import { VirtioQueue } from './tests/devices/virtio-queue.js';
import { VirtioTransport, legacyVirtio } from './tests/devices/virtio-transport.js';

const { skip } = qemu;
const stopped = precopyTest({ ...facts, ...unixSocket });

/** Inverts a byte of a RAM block of another process. */
async function invertByte(
  { qmp, pid, context }: TestMachine,
  name: RegExp,
  at: number,
): Promise<void> {
  const block = (await listRamBlocks(qmp, context.signal)).find((each) => name.test(each.name));
  assert.ok(block?.hostAddress !== undefined, `a block ${String(name)}`);
  const memory = openSync(`/proc/${pid}/mem`, 'r+');
  try {
    const byte = Buffer.alloc(1);
    const position = block.hostAddress + BigInt(at);
    readSync(memory, byte, 0, 1, position);
    writeSync(memory, Buffer.of(byte.readUInt8() ^ 0xff), 0, 1, Number(position));
  } finally {
    closeSync(memory);
  }
}

const alterations: readonly {
  readonly what: string;
  readonly alter: (destination: TestMachine) => Promise<void>;
  readonly named: RegExp;
}[] = [
  {
    what: 'a byte of RAM below the stamped range',
    alter: async (machine) => {
      await invertByte(machine, /^mig\.mem$/, 0x5123);
    },
    named: /RAM block mig\.mem: 1 of 38,400 pages differ\n.*first difference is at 0x5123: /,
  },
  {
    what: 'a byte of RAM above the stamped range',
    alter: async (machine) => {
      await invertByte(machine, /^mig\.mem$/, 0x8000fff);
    },
    named: /RAM block mig\.mem: 1 of 38,400 pages differ\n.*first difference is at 0x8000fff: /,
  },
  {
    what: 'a byte of a ROM',
    alter: async (machine) => {
      await invertByte(machine, /^pc\.bios$/, 0x1234);
    },
    named: /RAM block pc\.bios: 1 of \d+ pages differ\n.*first difference is at 0x1234: /,
  },
  {
    what: 'a byte of video memory',
    alter: async (machine) => {
      await invertByte(machine, /vga\.vram$/, 0x100000);
    },
    named:
      /RAM block 0000:00:01\.0\/vga\.vram: 1 of 4,096 pages differ\n.*at 0x100000: 0x0 at the source, 0xff/,
  },
  {
    what: 'a general register',
    alter: async (machine) => {
      await writeRegister(machine, 'r8', Buffer.alloc(8, 0x77));
    },
    named:
      /device state cpu: env\.regs\[8\] is 0x5a17000000000008 at the source, 0x7777777777777777 at the destination/,
  },
  {
    what: 'a word of the x87 registers',
    alter: async (machine) => {
      await writeRegister(machine, 'st0', Buffer.alloc(10, 0x33));
    },
    named: /device state cpu: .*fpregs/,
  },
  {
    what: 'an SSE register',
    alter: async (machine) => {
      await writeRegister(machine, 'xmm0', Buffer.alloc(16, 0x44));
    },
    named: /device state cpu: .*xmm_regs/,
  },
  {
    what: 'the count of a timer',
    alter: async ({ qtest }) => {
      await qtest.outPort('b', 0x43, 0xb6);
      await qtest.outPort('b', 0x42, 0x35);
      await qtest.outPort('b', 0x42, 0x12);
    },
    named:
      /device state i8254: channels\[2\]\.count is 4660 at the source, 4661 at the destination/,
  },
  {
    what: 'a byte of CMOS memory',
    alter: async ({ qtest }) => {
      await qtest.outPort('b', 0x70, 0x41);
      await qtest.outPort('b', 0x71, 0);
      await qtest.outPort('b', 0x70, 0x7e);
    },
    named: /device state mc146818rtc: cmos_data is 1b.* from byte 65 of 128 at the source, 00/,
  },
  {
    what: 'a byte of PCI configuration',
    alter: async ({ qtest }) => {
      await qtest.outPort('l', 0xcf8, 0x8000fa3c);
      await qtest.outPort('b', 0xcfc, 0x0a);
    },
    named: /device state 0000:00:1f\.2\/ich9_ahci: .*config/,
  },
  {
    what: 'the mode of the keyboard controller',
    alter: async ({ qtest }) => {
      await qtest.outPort('b', 0x64, 0x60);
      await qtest.outPort('b', 0x60, 0x10);
    },
    named: /device state pckbd: .*mode is 48 at the source, 16 at the destination/,
  },
];

for (const { what, alter, named } of alterations) {
  test(`${what} that differs at the destination is named`, { skip, timeout: 600_000 }, async () => {
    const failure = await failureOf(stopped, 120_000, {
      beforeCompare: async (_source, destination) => {
        await alter(destination);
      },
    });
    assert.equal(failure.code, 'state-differs', JSON.stringify(failure));
    assert.equal(failure.side, 'destination');
    assert.match((failure.details ?? []).join('\n'), named);
  });
}

/** pages of main memory that the guest never writes */
const queueAt = 0x8010000;

/** Gives requests to the balloon's deflate queue, which works while the guest stands still. */
async function deflate({ qtest, context }: TestMachine, requests: number): Promise<void> {
  const transport = new VirtioTransport(qtest);
  await transport.reset();
  const place = { index: 1, owner: 'the balloon', at: queueAt, parts: 1 };
  const queue = await VirtioQueue.create(transport, place);
  await transport.begin();
  const pageNumber = { address: queue.spareAt, length: 4, isWritten: false };
  await queue.submit(Array.from({ length: requests }, () => [pageNumber]));
  await queue.finish({ timeoutMs: 30_000, signal: context.signal });
}

test('an index of a virtio queue that differs is named', { skip, timeout: 600_000 }, async () => {
  const args = ['-device', `virtio-balloon-pci,${legacyVirtio}`];
  const withBalloon = precopyTest({
    ...facts,
    ...unixSocket,
    ...{ sourceArgs: args, destinationArgs: args },
  });
  const failure = await failureOf(withBalloon, 120_000, {
    beforeCompare: async (source, destination) => {
      await deflate(source, 5);
      await deflate(destination, 4);
    },
  });
  assert.equal(failure.code, 'state-differs', JSON.stringify(failure));
  const details = (failure.details ?? []).join('\n');
  assert.match(details, /virtio-balloon: .*last_avail_idx.* is 5 at the source, 4 at the dest/);
});

test('what is equal is counted', { skip, timeout: 600_000 }, async () => {
  const outcome = await outcomeOf(stopped, 120_000);
  assert.equal(outcome.kind, 'passed', JSON.stringify(outcome));
  const { arrival } = outcome;
  assert.ok(arrival !== undefined && arrival.blocks > 4 && arrival.sections > 30);
  assert.ok(arrival.ramBytes > 150 * 1024 ** 2, String(arrival.ramBytes));
  assert.deepEqual(arrival.notCompared, []);
  const reasons = expectedDifferences.map(({ reason }) => reason);
  for (const line of arrival.expected) assert.ok(reasons.some((reason) => line.endsWith(reason)));
});
