/**
 * The x86 guest notices itself that a clock went back, and that a timer is lost or fires when it is
 * not due. A stream with all timers armed is changed as a faulty migration would change it, and
 * loaded.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { HarnessError } from '../model/errors.js';
import { Scratch } from '../model/scratch.fixtures.js';
import { setCapability } from '../migration/commands.js';
import { contextFor, planFor, stoppedMachine } from '../migration/context.fixtures.js';
import type { TestMachine } from '../migration/context.js';
import { timerRounds, waitTimers } from '../migration/timer-rounds.js';
import { realQemus } from '../qemu/qemus.fixtures.js';
import { SavedStream, loadStream, noNetwork, saveStream } from './saved-stream.fixtures.js';

const MiB = 2 ** 20;
const notArmed = -1n;

/** where a field of 8 bytes lies in its section, whose layout never changes */
const fields = {
  ticks: ['timer', 0],
  clock: ['timer', 16],
  apicLoaded: ['apic', 157],
  apicExpiry: ['apic', 173],
  pitNext: ['i8254', 100],
  hpetStatus: ['hpet', 8],
  hpetExpiry: ['hpet', 143],
  hpetOffset: ['hpet', 168],
  rtcBase: ['mc146818rtc', 205],
  rtcUpdate: ['mc146818rtc', 229],
} as const;

/** in ns */
const periods = { apicExpiry: 12_000_000n, pitNext: 16_000_000n, hpetExpiry: 20_000_000n };
type Timer = keyof typeof periods;
const timers = ['apicExpiry', 'pitNext', 'hpetExpiry'] as const;

/** All timers are armed, and `fresh` has been armed a moment ago. */
function isArmed(stream: SavedStream, fresh: Timer): boolean {
  const now = stream.get(fields.clock);
  return (
    timers.every((timer) => stream.get(fields[timer]) > now) &&
    stream.get(fields[fresh]) - now > (periods[fresh] * 3n) / 4n
  );
}

/** Saves guests until one has all timers armed, and `fresh` not long ago. */
async function armedStream(machine: TestMachine, fresh: Timer): Promise<SavedStream> {
  for (let tries = 0; tries < 200; tries++) {
    await machine.qmp.execute('cont');
    await sleep(20 + (tries % 20));
    await machine.qmp.execute('stop');
    const stream = await saveStream(machine);
    if (isArmed(stream, fresh) && (await timerRounds(machine)) > 1) return stream;
  }
  throw new Error('no stream has all timers armed');
}

const second = 1_000_000_000n;

interface Loss {
  readonly what: string;
  readonly change: (stream: SavedStream) => void;
  readonly says: string;
  /** A timer that fires too early is noticed if the guest looks before it is due. */
  readonly fresh?: Timer;
}

const losses: readonly Loss[] = [
  {
    what: 'the count of cycles is lost',
    change: (stream) => {
      stream.set(fields.ticks, 0n);
    },
    says: 'its time-stamp counter went back',
  },
  {
    what: 'the virtual clock is lost',
    change: (stream) => {
      stream.set(fields.clock, 0n);
    },
    says: 'its HPET went back',
  },
  {
    what: 'the HPET goes back',
    change: (stream) => {
      stream.set(fields.hpetOffset, stream.get(fields.hpetOffset) - second);
    },
    says: 'its HPET went back',
  },
  {
    what: 'the HPET goes forth',
    change: (stream) => {
      stream.set(fields.hpetOffset, stream.get(fields.hpetOffset) + second);
    },
    says: 'its power-management timer and its HPET disagree',
  },
  {
    what: 'the timer of the local APIC is lost',
    change: (stream) => {
      stream.set(fields.apicExpiry, notArmed);
    },
    says: 'the timer of its local APIC was armed and did not fire',
  },
  {
    what: 'the timer of the local APIC fires at once',
    change: (stream) => {
      stream.set(fields.apicExpiry, stream.get(fields.apicLoaded));
    },
    says: 'the timer of its local APIC fired when it was not due',
    fresh: 'apicExpiry',
  },
  {
    what: 'the PIT is lost',
    change: (stream) => {
      stream.set(fields.pitNext, notArmed);
    },
    says: 'its interval timer (PIT) was armed and did not fire',
  },
  {
    what: 'the PIT has fired a second time',
    change: (stream) => {
      // interrupts asked for, of the first controller
      stream.section('i8259').writeUInt8(stream.section('i8259').readUInt8(1) | 1, 1);
    },
    says: 'its interval timer (PIT) fired when it was not due',
    fresh: 'pitNext',
  },
  {
    what: 'a timer of the HPET is lost',
    change: (stream) => {
      stream.set(fields.hpetExpiry, notArmed);
    },
    says: 'a timer of its HPET was armed and did not fire',
  },
  {
    what: 'a timer of the HPET has fired a second time',
    change: (stream) => {
      stream.set(fields.hpetStatus, 4n);
    },
    says: 'a timer of its HPET fired when it was not due',
    fresh: 'hpetExpiry',
  },
  {
    what: 'the timer of the real-time clock is lost',
    change: (stream) => {
      stream.set(fields.rtcUpdate, notArmed);
      // the guest has read its flags: else the next read would arm the timer again
      stream.section('mc146818rtc').writeUInt8(0, 12);
    },
    says: 'its real-time clock stands still, or lost its year',
  },
  {
    what: 'the real-time clock has the time of the host',
    change: (stream) => {
      stream.set(fields.rtcBase, BigInt(Math.floor(Date.now() / 1000)));
    },
    says: 'its real-time clock stands still, or lost its year',
  },
];

/** on a busy host the guest may come to look too late */
const triesIfEarly = 10;

/** What the guest says; undefined if that may be nothing, and its timers went on for two rounds. */
async function faultOf(
  machine: TestMachine,
  mayBeNone: boolean,
): Promise<HarnessError | undefined> {
  const never = Number.MAX_SAFE_INTEGER;
  const said = mayBeNone
    ? waitTimers(machine)
    : machine.serial.waitForB({ since: never, timeoutMs: 20_000 });
  try {
    await said;
  } catch (error) {
    assert.ok(error instanceof HarnessError, String(error));
    return error;
  }
  return undefined;
}

for (const qemu of realQemus) {
  test(
    `QEMU ${qemu.version}: a guest says which clock or timer a migration lost`,
    { skip: qemu.skip },
    async (t) => {
      using scratch = new Scratch();
      const plan = await planFor(qemu, scratch.directory);
      await using context = contextFor(plan, scratch.directory, { ramBytes: 16 * MiB });
      const source = await stoppedMachine(context, { kind: 'anon' }, noNetwork);
      await setCapability(source, 'events');
      const saved = new Map<Timer, SavedStream>();
      for (const timer of timers) saved.set(timer, await armedStream(source, timer));
      await source.end();
      const copy = (fresh: Timer = 'hpetExpiry'): SavedStream =>
        new SavedStream(saved.get(fresh)?.bytes ?? Buffer.alloc(0));

      await t.test('sound: all timers fire', async () => {
        const machine = await loadStream(context, copy(), 'sound');
        await waitTimers(machine);
        // long enough for the second of the clock
        await sleep(3500);
        await waitTimers(machine);
        assert.equal(machine.serial.broken?.message, undefined);
        await machine.end();
      });

      for (const [index, { what, change, says, fresh }] of losses.entries()) {
        await t.test(what, async () => {
          const stream = copy(fresh);
          change(stream);
          const tries = fresh === undefined ? 1 : triesIfEarly;
          let fault: HarnessError | undefined;
          for (let number = 0; number < tries && fault === undefined; number++) {
            const machine = await loadStream(context, stream, `loss${index}-${number}`);
            fault = await faultOf(machine, fresh !== undefined);
            await machine.end();
          }
          assert.deepEqual(
            [fault?.code, fault?.message, fault?.input.side],
            ['timer-state-lost', `the guest says that ${says}`, 'destination'],
          );
        });
      }
    },
  );
}
