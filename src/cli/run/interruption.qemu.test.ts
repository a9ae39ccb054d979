/**
 * However a run ends, nothing is left: SIGKILL at any moment (no QEMU after 2 s, nothing in shared
 * memory), SIGINT at any moment (nothing at all, exit 130), SIGINT twice.
 *
 * DROVER_TEST_MOMENTS sets how many moments are tried; the moments are drawn from DROVER_TEST_SEED.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { realQemu } from '../../qemu/qemus.fixtures.js';
import { drawing, testSeed } from '../../model/drawing.fixtures.js';
import { Scratch, sharedMemoryFiles } from '../../model/scratch.fixtures.js';
import { drover, startDrover } from '../process/drover.fixtures.js';

const moments = Number(process.env['DROVER_TEST_MOMENTS'] ?? 5);
const qemu = realQemu('10.0');
// tests with memory of their own and with memory in /dev/shm, by turns
const args = [
  ...['run', '--qemu', qemu.command, '--accel', 'tcg', '--repeat', '50', '-j', '2'],
  ...['--level', 'flaky', '-r', '/migration/precopy/unix', '-r', '/migration/ignore-shared'],
];

const short = ['run', '--qemu', qemu.command, '--accel', 'tcg', '-p', 'precopy/unix/plain'];

/** QEMUs of the run that have a machine */
function qemusOf(scratch: Scratch): string[] {
  return scratch.processes().filter((line) => line.includes('guest.bin'));
}

async function qemusAppear(scratch: Scratch, count: number): Promise<boolean> {
  for (let tries = 0; tries < 1000; tries++) {
    if (qemusOf(scratch).length >= count) return true;
    await sleep(10);
  }
  return false;
}

/** processes of the run, once none is left or the time is up */
async function leftProcesses(scratch: Scratch, withinMs: number): Promise<string[]> {
  const end = performance.now() + withinMs;
  for (;;) {
    const left = scratch.processes();
    if (left.length === 0 || performance.now() > end) return left;
    await sleep(20);
  }
}

test(
  'SIGKILL at random moments leaves no QEMU and no shared memory',
  { skip: qemu.skip },
  async (t) => {
    t.diagnostic(`seed ${testSeed}, ${moments} moments`);
    const draw = drawing(testSeed);
    for (let moment = 0; moment < moments; moment++) {
      using scratch = new Scratch();
      const afterMs = 50 + draw(1500);
      const { child, ended } = startDrover(args, scratch);
      await sleep(afterMs);
      // however slow the host is, the last moment is one with QEMUs
      if (moment === moments - 1) assert.ok(await qemusAppear(scratch, 1), 'QEMUs appeared');
      child.kill('SIGKILL');
      await ended;
      assert.deepEqual(await leftProcesses(scratch, 2000), [], `killed after ${afterMs} ms`);
      assert.deepEqual(sharedMemoryFiles(), []);
    }
  },
);

for (const prefix of ['timeout 300', 'setsid -w', 'nice sh -c \'"$0" "$@"; true\'']) {
  test(
    `SIGKILL leaves no QEMU behind a prefix that starts it as a child: ${prefix}`,
    { skip: qemu.skip },
    async () => {
      using scratch = new Scratch();
      const { child, ended } = startDrover(
        ['run', '--qemu', `${prefix} ${qemu.command}`, '--accel', 'tcg', '--repeat', '50'],
        scratch,
      );
      assert.ok(await qemusAppear(scratch, 2), 'QEMUs appeared');
      child.kill('SIGKILL');
      await ended;
      assert.deepEqual(await leftProcesses(scratch, 2000), []);
    },
  );
}

test(
  'SIGINT at random moments leaves nothing at all and exits 130',
  { skip: qemu.skip },
  async (t) => {
    t.diagnostic(`seed ${testSeed}, ${moments} moments`);
    const draw = drawing(testSeed + 1);
    for (let moment = 0; moment < moments; moment++) {
      using scratch = new Scratch();
      const afterMs = draw(1800);
      const { child, ended } = startDrover(args, scratch);
      await sleep(afterMs);
      child.kill('SIGINT');
      const ran = await ended;
      const when = `interrupted after ${afterMs} ms\n${ran.stdout}\n${ran.stderr}`;
      // Before Node has loaded our code, SIGINT's default action ends it: a shell shows 130 as
      // well.
      assert.ok(ran.code === 130 || ran.signal === 'SIGINT', when);
      assert.deepEqual(scratch.processes(), [], when);
      assert.deepEqual(scratch.content, [], when);
      assert.deepEqual(sharedMemoryFiles(), [], when);
    }
  },
);

test('a second SIGINT forces, and leaves nothing either', { skip: qemu.skip }, async () => {
  using scratch = new Scratch();
  const { child, ended } = startDrover(args, scratch);
  assert.ok(await qemusAppear(scratch, 1), 'QEMUs appeared');
  child.kill('SIGINT');
  child.kill('SIGINT');
  await sleep(5);
  child.kill('SIGINT');
  const ran = await ended;
  // While Node ends, it catches no signals, and the third one's default action ends it: a shell
  // shows 130 as well.
  assert.ok(
    ran.code === 130 || ran.signal === 'SIGINT',
    `${ran.code} ${ran.signal}\n${ran.stderr}`,
  );
  assert.deepEqual(await leftProcesses(scratch, 2000), []);
  assert.deepEqual(scratch.content, []);
});

test(
  'a QEMU that is killed from outside fails its test only, and says so',
  { skip: qemu.skip },
  async () => {
    using scratch = new Scratch();
    const out = `${scratch.directory}/out`;
    const { ended } = startDrover(
      [...short, '-p', 'precopy/tcp/plain', '-j', '2', '--out', out, '--repeat', '3'],
      scratch,
    );
    let victim: number | undefined;
    for (let tries = 0; victim === undefined && tries < 400; tries++) {
      await sleep(10);
      const line = scratch
        .processes()
        .find((words) => words.includes('source') && words.includes('qemu-system'));
      victim = line === undefined ? undefined : Number(line.split(' ')[0]);
    }
    assert.ok(victim !== undefined, 'a source QEMU appeared');
    await sleep(30);
    process.kill(victim, 'SIGKILL');
    const ran = await ended;
    assert.equal(ran.code, 1, `${ran.stdout}\n${ran.stderr}`);
    assert.match(ran.stdout, /was ended by SIGKILL unexpectedly/);
    assert.match(ran.stdout, /^1 failed, 8 passed/m);
    assert.deepEqual(scratch.processes(), []);
  },
);

test(
  'a QEMU that is stopped runs into the deadline, is diagnosed and ended',
  { skip: qemu.skip },
  async () => {
    using scratch = new Scratch();
    const { ended } = startDrover([...short, '--timeout', '4'], scratch);
    let victim: number | undefined;
    for (let tries = 0; victim === undefined && tries < 400; tries++) {
      await sleep(5);
      const line = scratch.processes().find((words) => words.includes('destination.serial'));
      victim = line === undefined ? undefined : Number(line.split(' ')[0]);
    }
    assert.ok(victim !== undefined, 'a destination QEMU appeared');
    process.kill(victim, 'SIGSTOP');
    const ran = await ended;
    assert.equal(ran.code, 1, `${ran.stdout}\n${ran.stderr}`);
    assert.match(ran.stdout, /not done within 4\.0 s/);
    assert.deepEqual(scratch.processes(), []);
  },
);

test('a reader that goes away does not hang the run', { skip: qemu.skip }, async () => {
  using scratch = new Scratch();
  const { child, ended } = startDrover([...short, '--repeat', '4'], scratch);
  child.stdout?.destroy();
  assert.equal((await ended).code, 0);
  assert.deepEqual(scratch.content, []);
});

test('two runs at once do not disturb each other', { skip: qemu.skip }, async () => {
  using one = new Scratch();
  using two = new Scratch();
  const ran = await Promise.all([drover(short, one), drover(short, two)]);
  assert.deepEqual(
    ran.map(({ code }) => code),
    [0, 0],
  );
});
