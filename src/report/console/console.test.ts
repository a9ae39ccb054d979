import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DroverEvent } from '../../model/events.js';
import { PlainConsole } from './console-plain.js';
import * as fixtures from '../run.fixtures.js';
import { FailingPaper, Paper } from './scripted.fixtures.js';

async function printed(events: readonly DroverEvent[], color = false): Promise<string> {
  const stream = new Paper();
  const console = new PlainConsole({ stream, color });
  for (const event of events) console.onEvent(event);
  await console.close();
  return stream.text;
}

test('a mixed run reads from header to counts', async () => {
  const text = await printed(fixtures.mixedRun);
  assert.deepEqual(
    text.split('\n').map((line) => line.trimEnd()),
    [
      'drover 0.1.0: 4 tests',
      'source       QEMU 10.0.8 (Debian 1:10.0.8+ds-0+deb13u1) for x86_64: qemu-system-x86_64',
      'destination  QEMU 7.2.22 (Debian 1:10.0.8+ds-0+deb13u1) for x86_64: nice "/opt/qemu 7.2/qemu-system-x86_64"',
      'machine pc-q35-10.0, accelerator tcg, 2 workers',
      '',
      'ok     /x86_64/migration/precopy/unix/plain 0.62 s',
      'FAIL   /x86_64/migration/precopy/tcp/plain 0.90 s',
      '    error       memory-damaged: the destination lost 4,941 pages of 25,344',
      '    where       phase verify, side destination',
      '    memory      4,941 pages damaged in 3 runs; 25,344 pages examined, 0x100000 to 0x6400000, stamp byte every 4,096',
      '                generation 27, edge at 0xd53000, 4,941 damaged pages',
      '    damage      0x200000 to 0x201000: 1 page, stale by 1, expected 27, found 26',
      '                0xe00000 to 0x214b000: 4,939 pages, stale by 1, expected 26, found 25',
      '                and 1 more run',
      '    upstream    Memory content inconsistency at 200000 first_byte = 1b last_byte = 1b current = 1a hit_edge = 1',
      '                and in another 4931 pages',
      '    scan        shared mapping, kernel prefetch, 2 ms',
      '    evidence    /tmp/drover-Zk3/unix-plain',
      '    run again   drover run -p /x86_64/migration/precopy/tcp/plain --qemu-src qemu-system-x86_64 --qemu-dst \'nice "/opt/qemu 7.2/qemu-system-x86_64"\' --machine pc-q35-10.0 --accel tcg --keep',
      'skip   /x86_64/migration/precopy/file: needs file: URIs (QEMU 8.2) # here',
      'warning: no KVM: /dev/kvm is not readable',
      'BROKEN /x86_64/migration/bad_dest 0.04 s',
      '    error       spawn: cannot start qemu-system-x86_64: out of memory # not a directive',
      '    evidence    /tmp/drover-Zk3/unix-plain',
      '    run again   drover run -p /x86_64/migration/bad_dest --qemu-src qemu-system-x86_64 --qemu-dst \'nice "/opt/qemu 7.2/qemu-system-x86_64"\' --machine pc-q35-10.0 --accel tcg --keep',
      '',
      'FAIL   /x86_64/migration/precopy/tcp/plain: the destination lost 4,941 pages of 25,344',
      'BROKEN /x86_64/migration/bad_dest: cannot start qemu-system-x86_64: out of memory # not a directive',
      '',
      'median by phase, of 1 passed test:',
      '  prepare 103 ms, launch 103 ms, warm-up 103 ms, migrate 103 ms, verify 103 ms, end 103 ms',
      'slowest:',
      '  0.90 s     /x86_64/migration/precopy/tcp/plain',
      '  0.62 s     /x86_64/migration/precopy/unix/plain',
      '  0.04 s     /x86_64/migration/bad_dest',
      '1 failed, 1 broken, 1 passed, 1 skipped in 4.20 s',
      '',
    ],
  );
});

test('two equal QEMUs are named once', async () => {
  const text = await printed(fixtures.passedRun);
  assert.match(text, /^QEMU 10\.0\.8 \(Debian [^)]*\) for x86_64: qemu-system-x86_64$/m);
  assert.doesNotMatch(text, /destination/);
  assert.match(text, /^2 passed in 4\.20 s$/m);
});

test('a run of no tests says so', async () => {
  assert.match(await printed(fixtures.emptyRun), /^no tests in 4\.20 s$/m);
});

test('a cancelled run names what was cut off and counts what was not run', async () => {
  const text = await printed(fixtures.cancelledRun);
  assert.match(text, /^cancel \/x86_64\/migration\/precopy\/tcp\/plain 0\.60 s in migrate$/m);
  assert.match(text, /^1 passed, 1 cancelled, 1 test not run in 4\.20 s$/m);
});

test('a run that could not be carried out says why', async () => {
  const text = await printed(fixtures.brokenRun);
  assert.match(text, /^the run broke\n {4}error {7}pool: no worker could/m);
  assert.match(text, /^ {4}details {5}EAGAIN$/m);
  assert.match(text, /^1 test not run in/m);
});

test('a run that just stops is summarised at the close, once', async () => {
  const text = await printed(fixtures.passedRun.slice(0, -1));
  assert.match(text, /^the run did not finish$/m);
  assert.equal(text.match(/2 passed in/g)?.length, 1);
  const whole = await printed(fixtures.passedRun);
  assert.equal(whole.match(/2 passed in/g)?.length, 1);
});

test('nothing began, nothing is said', async () => {
  assert.equal(await printed([]), '');
});

test('attempts are named, and those that failed alike are listed together', async () => {
  const events = [...fixtures.repeatedRun(40).slice(0, -1)];
  events.push(fixtures.testFinished(fixtures.tcp, fixtures.late, { attempt: 40 }));
  const text = await printed([...events, fixtures.runFinished(events)]);
  assert.match(text, /^ok {5}\S+\/unix\/plain \(attempt 1\) 0\.60 s$/m);
  assert.match(
    text,
    /^FAIL {3}\S+\/unix\/plain \(attempts 3, 7, 11, 15, 19 and 5 others\): the dest/m,
  );
  assert.match(text, /^FAIL {3}\S+\/tcp\/plain \(attempt 40\): no MIGRATION event/m);
});

test('colours are there only when asked for', async () => {
  assert(!(await printed(fixtures.mixedRun)).includes('\u001B'));
  assert((await printed(fixtures.mixedRun, true)).includes('\u001B[31mFAIL'));
});

test('unknown optional fields have no effect', async () => {
  const strange = fixtures.mixedRun.map((event) => ({ ...event, novelty: { deep: [1] } }));
  assert.equal(await printed(strange), await printed(fixtures.mixedRun));
});

test('a reader that goes away ends the writing and nothing else', async () => {
  const stream = new FailingPaper('EPIPE', 3);
  const console = new PlainConsole({ stream, color: false });
  for (const event of fixtures.mixedRun) {
    console.onEvent(event);
    await new Promise(setImmediate);
  }
  await console.close();
  assert.equal(stream.attempts, 4);
});

test('a full disk under the console is an error at the end', async () => {
  const stream = new FailingPaper('ENOSPC', 1);
  const console = new PlainConsole({ stream, color: false });
  for (const event of fixtures.mixedRun) {
    console.onEvent(event);
    await new Promise(setImmediate);
  }
  await assert.rejects(console.close(), /cannot write the output: ENOSPC/);
});
