import assert from 'node:assert/strict';
import { writeSync } from 'node:fs';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { HarnessError } from '../model/errors.js';
import { loadAddon } from '../native/addon.js';
import { directSocket } from './direct-socket.js';
import { SerialConsole } from './serial.js';

interface Guest {
  readonly serial: SerialConsole;
  readonly print: (text: string) => void;
  readonly end: () => void;
}

function guest(t: TestContext, arrives = false): Guest {
  const addon = loadAddon();
  const [ours, theirs] = addon.socketPair();
  const socket = directSocket(ours);
  t.after(() => socket.destroy());
  return {
    serial: new SerialConsole(socket, 'source', arrives),
    print: (text) => void writeSync(theirs, text),
    end: () => {
      addon.closeFd(theirs);
    },
  };
}

const wait = { timeoutMs: 10_000 };

test('what a guest has printed is known at once, whether or not it is read meanwhile', async (t) => {
  const { serial, print } = guest(t);
  print('AB');
  await serial.waitForB(wait);
  assert.deepEqual([serial.length, serial.starts, serial.signs], [2, 1, 1]);
  for (let i = 1; i <= 100; i++) {
    print('B');
    if (i % 10 === 0) await sleep(1);
    if (i % 7 === 0) assert.deepEqual([serial.length, serial.signs], [2 + i, 1 + i]);
  }
  print('B'.repeat(50_000));
  await sleep(50);
  assert.equal(serial.length, 50_102);
});

test('only a guest that has just been started refuses its parameters', async (t) => {
  const codes = ['!', 'A!', 'ABA!', '!', 'B!'].map((text, index) => {
    const { serial, print } = guest(t, index > 2);
    print(text);
    return serial.broken?.code;
  });
  const [refused, over] = ['guest-refused-parameters', 'guest-started-over'];
  assert.deepEqual(codes, [refused, refused, over, over, over]);
  const { serial, print } = guest(t);
  print('A!');
  assert.match(serial.broken?.input.lastSeen ?? '', /printed 2 characters, the last 'A!'/);
});

test('a sign of life from before the wait does not count', async (t) => {
  const { serial, print, end } = guest(t);
  print('AB');
  await serial.waitForB(wait);
  print('B');
  const since = serial.length;
  await assert.rejects(
    serial.waitForB({ since, timeoutMs: 60 }),
    (error) => error instanceof HarnessError && error.input.code === 'deadline',
  );
  setTimeout(() => {
    print('B');
  }, 10);
  await serial.waitForB({ since, ...wait });
  assert.equal(serial.length, since + 1);
  end();
  await assert.rejects(
    serial.waitForB({ since: serial.length, ...wait }),
    (error) => error instanceof HarnessError && error.input.code === 'serial-closed',
  );
});

test('unexpected output is an error at once', async (t) => {
  const { serial, print } = guest(t);
  print('AB');
  await serial.waitForB(wait);
  await sleep(2);
  const trouble = (): readonly unknown[] => [serial.broken?.input.code, serial.broken?.message];
  assert.deepEqual(trouble(), [undefined, undefined]);
  print('x');
  assert.deepEqual(trouble(), ['serial-garbage', 'the guest printed "x", which it never does']);
});

test('a guest names the part of its processor that has lost its values', async (t) => {
  const parts = {
    r: 'its general registers (r8 to r15)',
    f: 'its x87 registers',
    s: 'its SSE registers',
    c: 'its control register CR2',
    d: 'its debug registers',
    m: 'its model-specific registers',
    a: 'its local APIC',
  };
  for (const [letter, part] of Object.entries(parts)) {
    for (const arrives of [false, true]) {
      const { serial, print } = guest(t, arrives);
      const trouble = (): readonly unknown[] => [serial.broken?.code, serial.broken?.message];
      print(arrives ? 'BB' : 'AB');
      await serial.waitForB(wait);
      assert.deepEqual(trouble(), [undefined, undefined]);
      print(`B${letter}`);
      const code = 'processor-state-lost';
      await assert.rejects(serial.waitForB({ since: 4, ...wait }), { code });
      const lost = [code, `the guest no longer finds its values in ${part}`];
      assert.deepEqual(trouble(), lost);
      assert.equal(serial.broken?.input.blame, 'contract');
      print('!');
      assert.deepEqual(trouble(), lost, 'the first fault stays');
    }
  }
});

test('a guest names the clock or timer that went wrong', async (t) => {
  const wrong = {
    t: 'its time-stamp counter went back',
    h: 'its HPET went back',
    p: 'its power-management timer and its HPET disagree',
    k: 'its real-time clock stands still, or lost its year',
    l: 'the timer of its local APIC was armed and did not fire',
    L: 'the timer of its local APIC fired when it was not due',
    i: 'its interval timer (PIT) was armed and did not fire',
    I: 'its interval timer (PIT) fired when it was not due',
    e: 'a timer of its HPET was armed and did not fire',
    E: 'a timer of its HPET fired when it was not due',
  };
  for (const [letter, what] of Object.entries(wrong)) {
    const { serial, print } = guest(t, true);
    print(`BB${letter}`);
    await assert.rejects(serial.waitForB({ since: 4, ...wait }), {
      code: 'timer-state-lost',
      message: `the guest says that ${what}`,
    });
    assert.equal(serial.broken?.input.blame, 'contract');
  }
});

test('a port that is closed while nobody waits is noticed as soon as somebody asks', async (t) => {
  const { serial, print, end } = guest(t);
  print('AB');
  await serial.waitForB(wait);
  await sleep(5);
  end();
  assert.match(serial.broken?.message ?? '', /serial port was closed/);
});
