/** `drover chain` with three real QEMUs, and with one that refuses to take a guest over. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { realQemu, realQemus } from '../../qemu/qemus.fixtures.js';
import { Scratch, sharedMemoryFiles } from '../../model/scratch.fixtures.js';
import type { JsonReport } from '../../report/formats/json-document.js';
import { drover } from '../process/drover.fixtures.js';

const skip = realQemus.find((qemu) => qemu.skip !== false)?.skip ?? false;
const [oldest, middle] = [realQemu('7.2'), realQemu('10.0')];

function chain(scratch: Scratch, qemus: readonly string[], more: readonly string[]): string[] {
  const file = path.join(scratch.directory, 'chain.json');
  const given = qemus.flatMap((command) => ['--qemu', command]);
  return ['chain', '--accel', 'tcg', ...given, '--json', file, ...more];
}

function documentOf(scratch: Scratch): JsonReport {
  const file = path.join(scratch.directory, 'chain.json');
  return JSON.parse(readFileSync(file, 'utf8')) as JsonReport;
}

test(
  'one guest through three versions and back, whole after each leg, whichever way it is moved',
  { skip },
  async () => {
    using scratch = new Scratch();
    const qemus = realQemus.map(({ command }) => command);
    const ran = await drover(chain(scratch, qemus, ['--back']), scratch);
    assert.equal(ran.code, 0, `${ran.stdout}\n${ran.stderr}`);
    const { run, tests, counts } = documentOf(scratch);
    const versions = run.route?.map(({ version }) => version) ?? [];
    assert.match(versions.join(' '), /^7\.2\.\d+ 10\.0\.\d+ 11\.1\.\d+ 10\.0\.\d+ 7\.2\.\d+$/);
    assert.equal(run.machine, 'pc-q35-7.2', 'the newest that all know');
    assert.ok(counts.passed >= 4, JSON.stringify(counts));
    for (const { test: name, outcome } of tests) {
      if (outcome.kind === 'skipped') continue;
      assert.equal(outcome.kind, 'passed', name);
      assert.deepEqual(
        outcome.legs?.map(({ from, to, verdict }) => [from, to, verdict.intact]),
        versions.slice(1).map((to, index) => [versions[index], to, true]),
        name,
      );
    }
    assert.deepEqual(scratch.content, ['chain.json']);
    assert.deepEqual(scratch.processes(), []);
    assert.deepEqual(sharedMemoryFiles(), []);
  },
);

test(
  'the leg that went wrong is named, with its QEMUs and where their evidence is',
  { skip: middle.skip },
  async () => {
    using scratch = new Scratch();
    const folder = path.join(scratch.directory, 'pretender');
    mkdirSync(folder);
    const command = path.join(folder, 'qemu-system-x86_64');
    const script = `#!/bin/sh\ncase "$*" in *-incoming*) echo 'no visitors' >&2; exit 3;; esac\n`;
    writeFileSync(command, `${script}exec '${middle.command}' "$@"\n`);
    chmodSync(command, 0o755);
    const more = ['-p', 'chain/unix/stopped'];
    const ran = await drover(
      chain(scratch, [middle.command, middle.command, command], more),
      scratch,
    );
    assert.equal(ran.code, 1, `${ran.stdout}\n${ran.stderr}`);
    const [only] = documentOf(scratch).tests;
    assert.ok(only?.outcome.kind === 'failed', JSON.stringify(only));
    const { code, message } = only.outcome.failure;
    assert.equal(code, 'qemu-exited', message);
    assert.match(
      message,
      /^leg 2 of 2, QEMU 10\.0\.\d+ \(destination\) to 10\.0\.\d+ \(source-leg2\): /,
    );
    assert.match(ran.stdout, /no visitors/);
    assert.match(ran.stdout, /drover chain -p \S+ --qemu .* --qemu .* --qemu .*pretender/);
  },
);

test('wrong usage is reported before anything runs', { skip }, async () => {
  using scratch = new Scratch();
  for (const [args, message] of [
    [['--qemu', middle.command], /expected --qemu at least twice.*drover run -r chain/],
    [
      [
        ...[oldest, middle, oldest].flatMap(({ command }) => ['--qemu', command]),
        '--machine',
        'q36',
      ],
      /the first QEMU \(7\.2\.\d+\) does not know machine type q36/,
    ],
    [['--qemu', oldest.command, '--qemu', middle.command, '-p', 'unix/plain'], /unix\/plain/],
  ] as const) {
    const ran = await drover(['chain', ...args], scratch);
    assert.equal(ran.code, 2, `${ran.stdout}\n${ran.stderr}`);
    assert.match(ran.stderr, message);
    assert.equal(ran.stdout, '');
  }
  assert.deepEqual(scratch.content, []);
});

test('-l lists the tests, and why one cannot be run', { skip }, async () => {
  using scratch = new Scratch();
  const qemus = [oldest, middle].flatMap(({ command }) => ['--qemu', command]);
  const ran = await drover(['chain', '-l', '--accel', 'tcg', ...qemus], scratch);
  assert.equal(ran.code, 0, ran.stderr);
  assert.match(ran.stdout, /^\/x86_64\/migration\/chain\/unix\/stopped$/m);
});
