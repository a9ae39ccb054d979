/**
 * The Linux guest, in a few rounds: it migrates without a complaint; what is altered on the way is
 * named by the comparison, and what is altered after that by the guest.
 */
import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { linuxGuestObstacle } from '../../guest/linux-image.js';
import type { TestMachine } from '../../migration/context.js';
import { failureOf, outcomeOf, qemu } from '../attempt.fixtures.js';
import { linuxTest } from './linux-tests.js';

const skip = qemu.skip === false ? (linuxGuestObstacle('x86_64') ?? false) : qemu.skip;
const timeoutMs = 300_000;
const rounds = 2;

/** the word that each page of the guest's old memory begins with (guest/linux/memory.c), and the page's number */
const pageMagic = 0x52_45_56_4f_52_44_5f_4cn;
const pageNumber = 1234n;

/** The guest-physical address of a page that the guest reads again and again. */
async function addressOfPage({ context, qmp, spec }: TestMachine): Promise<number> {
  const filename = context.file('all.ram');
  await qmp.execute('pmemsave', { val: 0, size: spec.ramBytes, filename });
  const head = Buffer.alloc(16);
  head.writeBigUInt64LE(pageMagic);
  head.writeBigUInt64LE(pageNumber, 8);
  const memory = readFileSync(filename);
  rmSync(filename);
  for (let at = memory.indexOf(head); at >= 0; at = memory.indexOf(head, at + 1)) {
    if (at % 4096 === 0) return at;
  }
  throw new Error('the page is not in memory');
}

/** Alters a byte of that page. @returns where */
async function alter(machine: TestMachine): Promise<number> {
  const address = (await addressOfPage(machine)) + 808;
  const { qtest } = machine;
  await qtest.writeByte(address, (await qtest.readByte(address)) ^ 0x10);
  return address;
}

test('a Linux guest migrates there and back, with all that keeps it busy', { skip }, async () => {
  const outcome = await outcomeOf(linuxTest({ transport: 'multifd', rounds }), timeoutMs);
  assert.equal(outcome.kind, 'passed', JSON.stringify(outcome));
  assert.ok(outcome.arrival);
  assert.ok(outcome.arrival.sections > 40, JSON.stringify(outcome.arrival));
  assert.ok(outcome.arrival.ramBytes > 192 * 2 ** 20, JSON.stringify(outcome.arrival));
  assert.deepEqual(outcome.arrival.notCompared, []);
});

test(
  'a byte and a register that are altered on the way are named by the comparison',
  { skip },
  async () => {
    let altered = -1;
    const failure = await failureOf(linuxTest({ transport: 'tcp', rounds }), timeoutMs, {
      beforeCompare: async (_source, destination) => {
        altered = await alter(destination);
        // the scratch register of the first serial port, which Linux leaves alone
        await destination.qtest.outPort('b', 0x3ff, 0x5a);
      },
    });
    assert.equal(failure.code, 'state-differs');
    assert.match(failure.message, /^round 1 of 2, .*RAM block mig\.mem: 1 of 49,?152 pages differ/);
    const details = failure.details ?? [];
    assert.ok(
      details.some((line) =>
        /^device state serial: state\.scr is 0 at the source, 90 at the destination$/.test(line),
      ),
      JSON.stringify(failure),
    );
    assert.ok(
      details.some((line) => line.includes(`the first difference is at 0x${altered.toString(16)}`)),
      JSON.stringify(failure),
    );
  },
);

test('a byte that is altered after the comparison is named by the guest', { skip }, async () => {
  const failure = await failureOf(linuxTest({ transport: 'tcp', rounds }), timeoutMs, {
    beforeContinue: async (machine) => {
      if (machine.side === 'source') await alter(machine);
    },
  });
  assert.equal(failure.code, 'guest-complains');
  assert.match(
    failure.message,
    new RegExp(
      `^round 2 of 2, .*the Linux guest on the source reports: old-memory: page ${pageNumber} holds [0-9a-f]+ at byte 808 instead of [0-9a-f]+$`,
    ),
  );
});
