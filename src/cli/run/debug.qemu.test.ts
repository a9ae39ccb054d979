/** `--debug` with the tools that are on this machine, each around a real QEMU. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { realQemu } from '../../qemu/qemus.fixtures.js';
import { Scratch, packageRoot } from '../../model/scratch.fixtures.js';
import { drover } from '../process/drover.fixtures.js';

const qemu = realQemu('10.0');

/** the reason not to run a test, for node:test */
function without(...tools: string[]): string | false {
  const missing = tools.find((tool) => spawnSync('which', [tool]).status !== 0);
  return qemu.skip === false && missing !== undefined ? `no ${missing} on PATH` : qemu.skip;
}

const common = ['run', '--qemu', qemu.command, '--accel', 'tcg'];

for (const [tool, side] of [
  ['strace', 'both'],
  ['valgrind', 'destination'],
] as const) {
  test(
    `${tool} on ${side}: the test passes, and what the tool wrote is kept and named`,
    { skip: without(tool) },
    async () => {
      using scratch = new Scratch();
      const out = path.join(scratch.directory, 'out');
      // runs under a tool have no deadline
      const args = ['-p', 'precopy/unix/plain', '--timeout', '0.1', '--out', out];
      const ran = await drover([...common, ...args, '--debug', `${tool}:${side}`], scratch);
      assert.equal(ran.code, 0, ran.stdout + ran.stderr);
      const folder = path.join(out, 'migration-precopy-unix-plain-1');
      const written = readdirSync(folder).filter((name) => name.includes(`.${tool}.`));
      assert.equal(written.length, side === 'both' ? 2 : 1, written.join());
      for (const name of written) {
        const file = path.join(folder, name);
        assert.ok(statSync(file).size > 100);
        assert.ok(ran.stdout.includes(`${tool}: ${file}`), ran.stdout);
      }
      assert.deepEqual(scratch.processes(), []);
    },
  );
}

test(
  'gdb without a terminal: a crash comes with its backtrace',
  { skip: without('gdb') },
  async () => {
    using scratch = new Scratch();
    const own = path.join(scratch.directory, 'crash.mjs');
    writeFileSync(
      own,
      `import { precopyTest } from 'drover';
      const startHook = async ({ destination }) => {
        process.kill(destination.pid, 'SIGSEGV');
        await new Promise((resolve) => setTimeout(resolve, 1000));
      };
      const ends = { listen: 'unix:$DIR/s', connect: 'unix:$DIR/s' };
      export default [precopyTest({ path: '/own/crash', level: 'smoke', ...ends, startHook })];`,
    );
    const args = ['--tests', own, '--debug', 'gdb:destination', '--out', scratch.directory];
    const ran = await drover([...common, ...args], scratch);
    assert.equal(ran.code, 1, ran.stdout + ran.stderr);
    assert.match(ran.stdout, /qemu-exited: the destination QEMU/);
    const file = path.join(scratch.directory, 'own-crash-1', 'destination.stderr');
    assert.match(readFileSync(file, 'utf8'), /received signal SIGSEGV[^]*\n#0 .*[^]*\n#1 /);
    assert.ok(ran.stdout.includes(`gdb: ${file}`));
    assert.ok(!ran.stdout.includes('run again   drover run -p /x86_64/own/crash --debug'));
    assert.deepEqual(scratch.processes(), []);
  },
);

test(
  'gdb at a terminal: the test waits, however long, until somebody attaches, and goes on',
  { skip: without('gdb', 'script') },
  async () => {
    using scratch = new Scratch();
    const log = path.join(scratch.directory, 'terminal.log');
    const main = path.join(packageRoot, 'dist', 'cli', 'main.js');
    const words = [process.execPath, main, ...common, '-p', 'precopy/unix/plain'];
    const command = [...words, '--timeout', '1', '--debug', 'gdb:source'].join(' ');
    // `script` gives it a terminal of its own, without input
    const child = spawn('script', ['-qefc', command, log], {
      stdio: 'ignore',
      env: { ...process.env, TMPDIR: scratch.directory, NO_COLOR: '1' },
      timeout: 300_000,
    });
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    const shown = (): string => readFileSync(log, { encoding: 'utf8', flag: 'a+' });
    let pid: string | undefined;
    for (let tries = 0; pid === undefined && tries < 200; tries++) {
      await sleep(100);
      pid = /the source waits for a debugger: gdb -p (\d+)/.exec(shown())?.[1];
    }
    assert.ok(pid !== undefined, shown());
    await sleep(1500);
    const gdb = spawnSync('gdb', ['-p', pid, '-batch', '-ex', 'thread apply all bt 1'], {
      encoding: 'utf8',
      timeout: 300_000,
    });
    assert.match(gdb.stdout, /Thread 1 /, gdb.stderr);
    assert.equal(await ended, 0, shown());
    assert.match(shown(), /1 passed in/);
  },
);

test('more than one test, or job, is refused', { skip: qemu.skip }, async () => {
  using scratch = new Scratch();
  const many = await drover([...common, '--debug', 'gdb'], scratch);
  assert.equal(many.code, 2);
  assert.match(many.stderr, /--debug runs one test, but the options select .*; name one with -p/);
  const one = ['-p', 'precopy/unix/plain', '--debug', 'gdb'];
  const jobs = await drover([...common, ...one, '-j', '2'], scratch);
  assert.match(jobs.stderr, /leave out -j 2/);

  const absent = await drover([...common, ...one], scratch, { PATH: '/nowhere' });
  assert.equal(absent.code, 3);
  assert.match(absent.stderr, /no gdb on PATH; install it \(Debian: apt-get install gdb\)/);
});
