/** Wrong input: one clear message, the right exit code, no stack trace, nothing left behind. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { realQemu } from '../../qemu/qemus.fixtures.js';
import { Scratch } from '../../model/scratch.fixtures.js';
import { drover } from '../process/drover.fixtures.js';
import type { Ran } from '../process/drover.fixtures.js';

const qemu = realQemu('10.0');
const old = realQemu('7.2');

function refused(
  ran: Ran,
  scratch: Scratch,
  code: number,
  message: RegExp,
  left: string[] = [],
): void {
  const all = `${ran.stdout}\n${ran.stderr}`;
  assert.equal(ran.code, code, all);
  assert.match(ran.stderr, message);
  assert.doesNotMatch(all, /^\s+at .*:\d+:\d+/m, 'no stack trace');
  assert.deepEqual(scratch.content, left);
  assert.deepEqual(scratch.processes(), []);
}

/** a program of our own in the scratch folder that calls itself a QEMU */
function impostor(scratch: Scratch, script: string): string {
  const folder = path.join(scratch.directory, 'bin');
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'qemu-system-x86_64');
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

const impostors: readonly (readonly [string, string, RegExp])[] = [
  [
    'exits at once and prints nothing',
    'exit 0',
    /did not start as a QEMU: it ended with status 0.*\n.*printed nothing/,
  ],
  ['complains and exits', 'echo "bad luck" >&2; exit 7', /status 7.*\n.*it printed: bad luck/],
  ['is ended by a signal', 'kill -SEGV $$', /ended with SIGSEGV/],
  ['answers garbage', 'echo hello >&3; exec sleep 60', /not JSON: hello/],
];
for (const [what, script, message] of impostors) {
  test(`a program that ${what} is not taken for a QEMU`, async () => {
    using scratch = new Scratch();
    const ran = await drover(
      ['run', '--qemu', impostor(scratch, script), '--accel', 'tcg'],
      scratch,
    );
    refused(ran, scratch, 2, message, ['bin']);
  });
}

test('a program that never connects runs into a deadline', async () => {
  using scratch = new Scratch();
  const ran = await drover(
    ['run', '--qemu', impostor(scratch, 'exec sleep 100'), '--accel', 'tcg'],
    scratch,
  );
  refused(ran, scratch, 2, /no QMP greeting within 20\.0 s/, ['bin']);
});

const refusals: readonly (readonly [string, readonly string[], number, RegExp])[] = [
  [
    'a binary that does not exist',
    ['--qemu', '/nowhere/qemu-system-x86_64'],
    2,
    /--qemu: cannot run '\/nowhere\/qemu-system-x86_64': no such file/,
  ],
  [
    'a binary with another name',
    ['--qemu-src', '/bin/true'],
    2,
    /--qemu-src: '\/bin\/true' is not a QEMU/,
  ],
  [
    'a path that matches nothing',
    ['-p', 'precopy/unix/plane', '--qemu', qemu.command],
    2,
    /no test or group of tests is called 'precopy\/unix\/plane'; near it: \/x86_64\/migration\/precopy\/unix\/plain/,
  ],
  [
    'a filter that leaves nothing',
    ['-x', '/migration', '--qemu', qemu.command],
    2,
    /select no test/,
  ],
  ['no jobs', ['-j', '0'], 2, /expected a whole number from 1 to 256, not '0'/],
  ['a job count that is no number', ['-j', 'many'], 2, /not 'many'/],
  ['a deadline of nothing', ['--timeout', '0'], 2, /expected a time above 0/],
  ['an unknown option', ['--frobnicate'], 2, /unknown option '--frobnicate'/],
  ['an unknown accelerator', ['--accel', 'hax'], 2, /expected one of auto, tcg, kvm/],
  [
    'a report that cannot be written',
    ['--qemu', qemu.command, '--junit', '/nowhere/x.xml'],
    2,
    /\/nowhere/,
  ],
  [
    'a machine type that nobody knows',
    ['--qemu', qemu.command, '--machine', 'pc-q35-99.9'],
    2,
    /source QEMU .* does not know machine type pc-q35-99\.9; it has pc-q35-/,
  ],
  [
    'a machine type unknown to one side',
    ['--qemu-src', qemu.command, '--qemu-dst', old.command, '--machine', 'pc-q35-10.0'],
    2,
    /destination QEMU \(7\.2[^)]*\) does not know machine type pc-q35-10\.0/,
  ],
  [
    'different architectures',
    ['--qemu-src', qemu.command, '--qemu-dst', realQemu('10.0', 'i386').command],
    2,
    /cannot migrate between architectures/,
  ],
];
for (const [what, args, code, message] of refusals) {
  test(`${what} is refused`, { skip: qemu.skip === false ? old.skip : qemu.skip }, async () => {
    using scratch = new Scratch();
    refused(await drover(['run', ...args], scratch), scratch, code, message);
  });
}

test('without any QEMU the host is blamed, and the message says what to install', async () => {
  using scratch = new Scratch();
  const ran = await drover(['run'], scratch, { PATH: '/nowhere', QTEST_QEMU_BINARY: '' });
  refused(ran, scratch, 3, /no qemu-system-x86_64 on PATH; install it/);
});

test('a temporary directory that does not exist is named', { skip: qemu.skip }, async () => {
  using scratch = new Scratch();
  const ran = await drover(['run', '--qemu', qemu.command], scratch, { TMPDIR: '/nowhere' });
  refused(ran, scratch, 3, /cannot make a working directory in '\/nowhere'.*set TMPDIR/);
});

test(
  'a temporary directory whose path is too long for sockets is named',
  { skip: qemu.skip },
  async () => {
    using scratch = new Scratch();
    const long = path.join(scratch.directory, 'x'.repeat(60));
    mkdirSync(long);
    const ran = await drover(['run', '--qemu', qemu.command], scratch, { TMPDIR: long });
    refused(ran, scratch, 2, /too long a path for UNIX sockets/, ['x'.repeat(60)]);
  },
);

test('a read-only temporary directory is named', { skip: qemu.skip }, async (t) => {
  using scratch = new Scratch();
  // nobody can make a directory in /proc, not even root, who ignores mode bits
  const ran = await drover(['run', '--qemu', qemu.command], scratch, { TMPDIR: '/proc' });
  refused(ran, scratch, 3, /cannot make a working directory in '\/proc'/);
  t.diagnostic(ran.stderr.trim());
});

test('list knows every test without any QEMU', async () => {
  using scratch = new Scratch();
  const ran = await drover(['list'], scratch, { PATH: '/nowhere' });
  assert.equal(ran.code, 0);
  assert.match(ran.stdout, /^\/x86_64\/migration\/precopy\/unix\/plain +smoke$/m);
  const json = await drover(['list', '--json', '--arch', 'i386'], scratch);
  assert.ok(Array.isArray(JSON.parse(json.stdout)));
});

test('run -l lists what would run, and why not the rest', { skip: old.skip }, async () => {
  using scratch = new Scratch();
  const ran = await drover(['run', '-l', '--qemu', old.command, '--accel', 'tcg'], scratch);
  assert.equal(ran.code, 0, ran.stderr);
  assert.match(ran.stdout, /^\/x86_64\/migration\/precopy\/tcp\/plain$/m);
  assert.match(ran.stdout, /^\/x86_64\/migration\/precopy\/file {2}# skip: QEMU 7\.2.*needs 8\.2/m);
  assert.deepEqual(scratch.content, []);
});

test(
  '--keep keeps every directory, with commands and transcripts',
  { skip: qemu.skip },
  async () => {
    using scratch = new Scratch();
    const out = path.join(scratch.directory, 'out');
    const ran = await drover(
      ['run', '-p', 'bad_dest', '--qemu', qemu.command, '--accel', 'tcg', '--keep', '--out', out],
      scratch,
    );
    assert.equal(ran.code, 0, ran.stderr);
    const folder = path.join(out, 'migration-bad_dest-1');
    assert.match(
      readFileSync(path.join(folder, 'source.cmdline'), 'utf8'),
      /-machine pc-q35-10\.0/,
    );
    assert.match(
      readFileSync(path.join(folder, 'source.qmp.jsonl'), 'utf8'),
      /"status": ?"failed"/,
    );
    const log = readFileSync(path.join(out, 'events.jsonl'), 'utf8').trim().split('\n');
    const types = log.map((line) => (JSON.parse(line) as { type: string }).type);
    assert.equal(types[0], 'run-started');
    assert.equal(types.at(-1), 'run-finished');
  },
);

test('doctor answers every line, each no with its reason', { skip: qemu.skip }, async () => {
  using scratch = new Scratch();
  const ran = await drover(['doctor', '--json', '--qemu', qemu.command], scratch);
  assert.equal(ran.code, 0, ran.stderr);
  const sections = JSON.parse(ran.stdout) as {
    checks: { what: string; answer: string; detail: string }[];
  }[];
  const checks = sections.flatMap((section) => section.checks);
  assert.ok(checks.length > 15);
  for (const { what, answer, detail } of checks)
    if (answer === 'no') assert.notEqual(detail, '', what);
  assert.match(checks.find(({ what }) => what === 'accelerator tcg')?.detail ?? '', /pages\/s/);
  assert.deepEqual(scratch.content, []);
});
