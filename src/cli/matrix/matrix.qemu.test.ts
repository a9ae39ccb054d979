/** `drover matrix` with real QEMUs, and with what only looks like one. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { realQemu, realQemus } from '../../qemu/qemus.fixtures.js';
import { eventFaults } from '../../report/log/events-schema.fixtures.js';
import { Scratch, sharedMemoryFiles } from '../../model/scratch.fixtures.js';
import type { JsonMatrix } from '../../report/matrix/matrix-json.js';
import { madeUpTests } from '../run/made-up-tests.fixtures.js';
import { drover, startDrover } from '../process/drover.fixtures.js';
import type { Ran } from '../process/drover.fixtures.js';

const short = ['--accel', 'tcg', '-p', 'precopy/unix/plain', '-p', 'bad_dest'];
const skip = realQemus.find((qemu) => qemu.skip !== false)?.skip ?? false;
const [oldest, middle] = [realQemu('7.2'), realQemu('10.0')];

function matrix(scratch: Scratch, qemus: readonly string[], more: readonly string[]): string[] {
  const file = path.join(scratch.directory, 'matrix.json');
  return ['matrix', ...qemus.flatMap((command) => ['--qemu', command]), '--json', file, ...more];
}

function documentOf(scratch: Scratch): JsonMatrix {
  const file = path.join(scratch.directory, 'matrix.json');
  return JSON.parse(readFileSync(file, 'utf8')) as JsonMatrix;
}

/** A program with the name of a QEMU. It leaves a line in `probes` each time it is started. */
function pretender(scratch: Scratch): { readonly command: string; readonly probes: string } {
  const folder = path.join(scratch.directory, 'pretender');
  mkdirSync(folder);
  const command = path.join(folder, 'qemu-system-x86_64');
  const probes = path.join(folder, 'probes');
  writeFileSync(command, `#!/bin/sh\necho once >> '${probes}'\necho '<no> & never' >&2\nexit 4\n`);
  chmodSync(command, 0o755);
  return { command, probes };
}

/** The grid and all below it: what `drover matrix` prints after its last pair. */
const gridIn = ({ stdout }: Ran): string => stdout.slice(stdout.lastIndexOf('\ndrover 0'));

const told = ({ stdout, stderr }: Ran): string => `${stdout}\n${stderr}`;

test(
  'three QEMUs and one that is none: all pairs, and a reason where none could start',
  { skip },
  async () => {
    using scratch = new Scratch();
    const bad = pretender(scratch);
    const html = path.join(scratch.directory, 'matrix.html');
    const out = path.join(scratch.directory, 'out');
    const qemus = [...realQemus.map(({ command }) => command), bad.command];
    // of no effect: each --qemu is named
    const env = { QTEST_QEMU_BINARY_SRC: '/nowhere', QTEST_QEMU_BINARY_DST: bad.command };
    const more = [...short, '--html', html, '--out', out];
    const ran = await drover(matrix(scratch, qemus, more), scratch, env);
    assert.equal(ran.code, 2, told(ran));

    const { version, pairs, qemus: found, exitCode } = documentOf(scratch);
    assert.deepEqual([version, exitCode], [1, 2]);
    const labels = found.map(({ label }) => label);
    assert.match(labels.join(' '), /^7\.2\.\d+ 10\.0\.\d+ 11\.1\.\d+ unusable$/);
    assert.deepEqual(
      pairs.map(({ source, destination }) => [source, destination]),
      labels.flatMap((source) => labels.map((destination) => [source, destination])),
    );
    for (const { source, destination, status, counts, failure, report } of pairs) {
      const where = `${source} to ${destination}`;
      if (source === 'unusable' || destination === 'unusable') {
        assert.equal(status, 'not-started', where);
        assert.equal(failure?.code, 'not-qemu', where);
        continue;
      }
      assert.equal(status, 'passed', where);
      assert.equal(counts.passed, 2, where);
      assert.equal(report?.run.source?.version, source);
      assert.equal(report.run.destination?.version, destination);
      const folder = `${source}-to-${destination}`;
      assert.ok(existsSync(path.join(out, folder, 'events.jsonl')), folder);
    }
    assert.equal(readFileSync(bad.probes, 'utf8'), 'once\n', 'each QEMU is probed once');
    assert.match(ran.stdout, /pair 16 of 16: unusable -> unusable/);
    assert.match(ran.stdout, /│ 7\.2\.\d+ +│ 2 passed +│ 2 passed +│ 2 passed +│ cannot start │/);
    assert.match(ran.stdout, /it printed: <no> & never/);
    assert.match(readFileSync(html, 'utf8'), /it printed: &lt;no&gt; &amp; never/);
    assert.equal(ran.stderr, '');
    assert.deepEqual(scratch.content.sort(), ['matrix.html', 'matrix.json', 'out', 'pretender']);

    const logs = readdirSync(out);
    assert.equal(logs.length, 16, 'also of pairs that could not start');
    for (const name of logs) {
      const lines = readFileSync(path.join(out, name, 'events.jsonl'), 'utf8').trimEnd();
      for (const line of lines.split('\n')) assert.deepEqual(eventFaults(JSON.parse(line)), []);
    }
    const files = [path.join(scratch.directory, 'matrix.json'), html];
    const before = files.map((file) => readFileSync(file, 'utf8'));
    for (const file of files) rmSync(file);
    const again = await drover(['report', out, '--json', files[0] ?? '', '--html', html], scratch);
    assert.equal(again.code, 0, told(again));
    assert.equal(again.stdout, gridIn(ran), 'the grid is the one that the live command printed');
    assert.deepEqual(
      files.map((file) => readFileSync(file, 'utf8')),
      before,
    );
    const one = await drover(['report', path.join(out, `unusable-to-${labels[0]}`)], scratch);
    assert.match(one.stdout, /the run broke\n.*error +not-qemu/);
    const junit = await drover(['report', out, '--junit', path.join(out, 'junit.xml')], scratch);
    assert.equal(junit.code, 2);
    assert.match(junit.stderr, /a matrix fits into --json and --html only: leave out --junit/);
    assert.deepEqual(scratch.processes(), []);
    assert.deepEqual(sharedMemoryFiles(), []);
  },
);

test(
  'one version twice has two labels, and --cross-only leaves out each with itself',
  { skip: middle.skip },
  async () => {
    using scratch = new Scratch();
    const qemus = [middle.command, `env ${middle.command}`];
    const ran = await drover(matrix(scratch, qemus, [...short, '--cross-only']), scratch);
    assert.equal(ran.code, 0, told(ran));
    const { pairs, qemus: found } = documentOf(scratch);
    assert.match(found.map(({ label }) => label).join(), /^10\.0\.\d+ \(1\),10\.0\.\d+ \(2\)$/);
    assert.deepEqual(
      pairs.map(({ status }) => status),
      ['left-out', 'passed', 'passed', 'left-out'],
    );
  },
);

test(
  'a matrix that ran pair by pair is merged into the whole; a pair that is missing is an error',
  { skip },
  async () => {
    using scratch = new Scratch();
    const at = (name: string): string => path.join(scratch.directory, name);
    const wish = [oldest, middle].flatMap(({ command }) => ['--qemu', command]);
    const tests = madeUpTests(scratch);
    const usual = ['matrix', ...wish, '--cross-only', '--tests', tests];
    const parts = ['1/2', '2/2'].map((shard) => ['--shard', shard, '--out', at(`part${shard[0]}`)]);
    const narrow = ['--accel', 'tcg', '-p', 'made-up/good', '-p', 'made-up/bad'];
    const [one, two] = await Promise.all(
      parts.map(async (part) => drover([...usual, ...narrow, ...part], scratch)),
    );
    assert.deepEqual([one?.code, two?.code], [1, 1], told(one!) + told(two!));
    assert.match(one!.stdout, /pair 1 of 1: 7\.2\.\d+ -> 10\.0\.\d+/);
    assert.match(one!.stdout, /pairs: 1 failed, 1 not run; tests: 1 failed, 1 passed/);

    const missing = await drover(['merge', at('part1'), '-o', at('whole')], scratch);
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /pair 10\.0\.\d+ -> 7\.2\.\d+ is missing\n.*merged nothing/);
    assert.ok(!existsSync(at('whole')));

    const merge = [
      'merge',
      at('part2'),
      at('part1'),
      '-o',
      at('whole'),
      '--json',
      at('matrix.json'),
    ];
    const merged = await drover(merge, scratch);
    assert.equal(merged.code, 1, told(merged));
    assert.match(merged.stdout, /pairs: 2 failed; tests: 2 failed, 2 passed/);
    assert.deepEqual(
      documentOf(scratch).pairs.map(({ status }) => status),
      ['left-out', 'failed', 'failed', 'left-out'],
    );
    rmSync(at('part1'), { recursive: true });
    rmSync(at('part2'), { recursive: true });
    const again = await drover(['report', at('whole')], scratch);
    assert.equal(again.stdout, gridIn(merged));
    const [, kept = ''] = /evidence +(\/.*)/.exec(again.stdout) ?? [];
    assert.ok(kept.startsWith(at('whole')), kept);
    const why = await drover(['why', kept], scratch);
    assert.match(why.stdout, /^failed: \/x86_64\/made-up\/bad \(attempt 1\)/m, why.stderr);
    const last = ['run', '--qemu', middle.command, '--last-failed', at('whole'), '-l'];
    const list = await drover([...last, '--tests', tests], scratch);
    assert.match(list.stdout, /^\/x86_64\/made-up\/bad\n$/, told(list));
    const itself = await drover(['merge', at('whole'), '-o', at('whole')], scratch);
    assert.equal(itself.code, 2, told(itself));
    assert.deepEqual(scratch.processes(), []);
  },
);

test('a pair without a common machine type is a cell with the reason', { skip }, async () => {
  using scratch = new Scratch();
  const qemus = [oldest.command, middle.command];
  const more = [...short, '--machine', 'pc-q35-10.0', '--cross-only'];
  const ran = await drover(matrix(scratch, qemus, more), scratch);
  assert.equal(ran.code, 2, told(ran));
  assert.deepEqual(
    documentOf(scratch).pairs.map(({ status, failure }) => failure?.code ?? status),
    ['left-out', 'unknown-machine', 'unknown-machine', 'left-out'],
  );
  assert.match(ran.stdout, /cannot start: .*7\.2\.\d+ -> 10\.0\.\d+/);
});

test(
  'SIGINT ends the running pair in good order; the grid tells what was not run',
  { skip: middle.skip },
  async () => {
    using scratch = new Scratch();
    const more = [...short, '--repeat', '500', '-j', '1'];
    const { child, ended } = startDrover(
      matrix(scratch, [middle.command, middle.command], more),
      scratch,
    );
    let stdout = '';
    child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    for (let tries = 0; !/^ok /m.test(stdout) && tries < 2000; tries++) await sleep(10);
    child.kill('SIGINT');
    const ran = await ended;
    assert.equal(ran.code, 130, told(ran));
    assert.match(ran.stdout, /warning: cancelling/);
    const { pairs, exitCode } = documentOf(scratch);
    assert.equal(exitCode, 130);
    assert.deepEqual(
      pairs.map(({ status }) => status),
      ['cancelled', 'not-run', 'not-run', 'not-run'],
    );
    assert.ok((pairs[0]?.counts.passed ?? 0) > 0, 'what passed before is counted');
    assert.match(ran.stdout, /│ not run +│ not run +│/);
    assert.deepEqual(scratch.content, ['matrix.json']);
    assert.deepEqual(scratch.processes(), []);
  },
);

test('wrong usage is reported before anything runs', { skip: middle.skip }, async () => {
  using scratch = new Scratch();
  const other = realQemu('10.0', 'i386').command;
  for (const [args, message] of [
    [[], /expected --qemu at least twice, and got none/],
    [['--qemu', middle.command], /expected --qemu at least twice, and got only '.*10\.0.*'/],
    [['--qemu', middle.command, '--qemu', '/nowhere/qemu-system-x86_64'], /no such file/],
    [['--qemu', middle.command, '--qemu', other], /cannot migrate between architectures/],
    [['--qemu', middle.command, '--qemu', middle.command, '--html', '/'], /it is a directory/],
    [['--qemu', middle.command, '--qemu', middle.command, '-p', 'nothing'], /nothing/],
  ] as const) {
    const ran = await drover(['matrix', ...args], scratch);
    assert.equal(ran.code, 2, told(ran));
    assert.match(ran.stderr, message);
    assert.equal(ran.stdout, '');
  }
  assert.deepEqual(scratch.content, []);
});
