/**
 * `drover stress` as users run it: rounds that pass, damage with and without --keep-going,
 * refusals.
 */
import assert from 'node:assert/strict';
import {
  closeSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  readlinkSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import type { DroverEvent, EventOf } from '../../model/events.js';
import { realQemu } from '../../qemu/qemus.fixtures.js';
import { Scratch } from '../../model/scratch.fixtures.js';
import { cleanEnd, drover, startDrover, testRefusal } from '../process/drover.fixtures.js';
import type { Refusal } from '../process/drover.fixtures.js';

const qemu = realQemu('11.1');
const small = [
  'stress',
  '--qemu',
  qemu.command,
  '--accel',
  'tcg',
  '--memory',
  '48M',
  '--stamp',
  'byte',
];

function roundsIn(log: string): EventOf<'test-finished'>[] {
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as DroverEvent)
    .filter((event) => event.type === 'test-finished');
}

const runs = [
  [
    'a guest that is migrated back and forth',
    ['--ping-pong', '--writers', '2', '--transport', 'multifd:2'],
  ],
  ['a new guest for each round, by postcopy', ['--transport', 'postcopy']],
  ['through a file', ['--transport', 'mapped-ram', '--backend', 'anon', '--stamp', 'byte']],
  [
    'one guest, encrypted with new certificates in each round',
    ['--ping-pong', '--transport', 'multifd:2', '--tls', 'x509', '--capability', 'return-path'],
  ],
  [
    'both sides stopped for a moment',
    ['--ping-pong', '--transport', 'unix', '--freeze', 'both:200ms'],
  ],
] as const;

for (const [what, args] of runs) {
  test(`${what}: each round is verified and reported`, { skip: qemu.skip }, async () => {
    using scratch = new Scratch();
    const out = path.join(scratch.directory, 'out');
    const ran = await drover(
      [...small, '--rounds', '3', '--patience', '0.5s', '--out', out, ...args],
      scratch,
    );
    cleanEnd(ran, scratch, 0);
    const rounds = roundsIn(path.join(out, 'events.jsonl'));
    assert.deepEqual(
      rounds.map(({ attempt, outcome }) => [attempt, outcome.kind]),
      [
        [1, 'passed'],
        [2, 'passed'],
        [3, 'passed'],
      ],
    );
    for (const { round } of rounds) assert.ok((round?.verifiedPages ?? 0) > 11_000);
    assert.match(ran.stdout, /over the rounds that passed/);
    assert.deepEqual(readdirSync(out), ['events.jsonl']);
  });
}

/**
 * Adds 100 to the first byte of a page of every guest whose memory is a memfd: a writer of bytes
 * goes on from there.
 */
function alter(pids: readonly number[], address: number): boolean {
  let done = false;
  for (const pid of pids) {
    try {
      for (const name of readdirSync(`/proc/${pid}/fd`)) {
        const file = `/proc/${pid}/fd/${name}`;
        if (!readlinkSync(file).startsWith('/memfd:memory-backend')) continue;
        const descriptor = openSync(file, 'r+');
        const byte = Buffer.alloc(1);
        readSync(descriptor, byte, 0, 1, address);
        writeSync(descriptor, Buffer.from([((byte[0] ?? 0) + 100) % 256]), 0, 1, address);
        closeSync(descriptor);
        done = true;
      }
    } catch {
      continue; // it ended in between
    }
  }
  return done;
}

for (const keepGoing of [false, true]) {
  const then = keepGoing ? 'continues with a new guest with --keep-going' : 'ends the run';
  test(`damage is found, kept, and ${then}`, { skip: qemu.skip }, async () => {
    using scratch = new Scratch();
    const out = path.join(scratch.directory, 'out');
    const log = path.join(out, 'events.jsonl');
    const running = startDrover(
      [
        ...[...small, '--stamp', 'byte', '--ping-pong', '--patience', '0.1s', '--rounds', '1000'],
        ...['--out', out, ...(keepGoing ? ['--keep-going'] : [])],
      ],
      scratch,
    );
    const passed = (): number[] =>
      roundsIn(log).flatMap(({ attempt, outcome }) => (outcome.kind === 'passed' ? [attempt] : []));
    await until('the first round', () => passed().length > 0);
    await until('memory to alter', () =>
      alter(
        scratch.processes().map((line) => Number.parseInt(line, 10)),
        20 * 2 ** 20,
      ),
    );
    const failed = (): EventOf<'test-finished'> | undefined =>
      roundsIn(log).find(({ outcome }) => outcome.kind === 'failed');
    await until('a failed round', () => failed() !== undefined);
    const event = failed();
    if (keepGoing) {
      await until('a round after it', () =>
        passed().some((round) => round > (event?.attempt ?? 0)),
      );
      running.child.kill('SIGINT');
    }
    cleanEnd(await running.ended, scratch, keepGoing ? 130 : 1);
    assert.ok(event?.outcome.kind === 'failed' && event.directory !== undefined);
    assert.equal(event.outcome.failure.code, 'memory-damaged');
    const names = readdirSync(path.resolve(out, event.directory));
    for (const ending of ['outcome.json', 'rerun.txt', '.ram', '.qmp.jsonl', '.cmdline']) {
      assert.ok(
        names.some((name) => name.endsWith(ending)),
        `${ending} among ${names.join(', ')}`,
      );
    }
  });
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    try {
      if (isSo()) return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    assert.ok(performance.now() < deadline, `no ${what} within 60 s`);
    await sleep(20);
  }
}

const refusals: readonly Refusal[] = [
  [
    'TLS of a file',
    ['--transport', 'file', '--tls', 'psk'],
    /--tls psk: transport file has no conn/,
  ],
  [
    'a capability that is gone',
    ['--capability', 'compress'],
    /QEMU 11\.1\.\d+ has no capability compress \(needs 2\.4 to 9\.0\)/,
  ],
  [
    'a capability that Drover would have to serve',
    ['--capability', 'pause-before-switchover'],
    /--capability pause-before-switchover: nobody would continue/,
  ],
  [
    'more memory than the host has',
    ['--memory', '900T'],
    /need .* of memory, and .* are free to use; --memory \d+M would fit/,
  ],
  ['no memory', ['--memory', '0'], /--memory: 0 bytes are not .* multiple of 4096/],
  [
    'sizes that are no whole pages',
    ['--step', '5000'],
    /--step: 5000 bytes are not .* multiple of 4096/,
  ],
  [
    'memory of no whole pages',
    ['--memory', '48000001'],
    /--memory: 48000001 bytes are not .* multiple of 4096/,
  ],
  [
    'a step beyond the memory',
    ['--step', '1G', '--memory', '64M'],
    /--step: 1 GiB is more than half of --memory, 64 MiB/,
  ],
  ['too many writers', ['--writers', '65'], /from 1 to 64/],
  ['a pace of 0', ['--pace', '0GB/s'], /expected a rate of at least one page/],
  ['an unknown transport', ['--transport', 'pigeon'], /expected one of unix, tcp, multifd/],
  [
    'rounds and a duration',
    ['--rounds', '2', '--duration', '5s'],
    /--rounds and --duration both set .*: give one of them/,
  ],
  ['a parameter that QEMU does not know', ['--set', 'no-such-thing=1'], /no-such-thing/],
];
for (const refusal of refusals) testRefusal(small, refusal, qemu.skip);

test(
  'a missing feature of the older QEMU is reported before any guest starts',
  { skip: realQemu('7.2').skip },
  async () => {
    using scratch = new Scratch();
    const old = ['stress', '--qemu', realQemu('7.2').command, '--transport', 'mapped-ram'];
    const ran = await drover(old, scratch);
    cleanEnd(ran, scratch, 2);
    assert.match(
      ran.stderr,
      /--transport mapped-ram: QEMU 7\.2\.\d+ has no file: migration \(needs 8\.2\)/,
    );
  },
);
