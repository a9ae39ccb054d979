/**
 * `drover bench` and `drover compare` as users run them: a comparison of a QEMU with itself,
 * Ctrl-C, a crash, refusals.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import type { BenchDocument } from '../../bench/document.js';
import { Scratch } from '../../model/scratch.fixtures.js';
import { realQemu } from '../../qemu/qemus.fixtures.js';
import { cleanEnd, drover, startDrover, testRefusal } from '../process/drover.fixtures.js';
import type { Refusal, Running } from '../process/drover.fixtures.js';

const qemu = realQemu('11.1');
const small = [
  ...['bench', '--qemu', qemu.command, '--accel', 'tcg', '--sweep', 'memoryMiB=48'],
  ...['--scenario', 'unix', '--seed', '1'],
];

const documentIn = (file: string): BenchDocument =>
  JSON.parse(readFileSync(file, 'utf8')) as BenchDocument;

test(
  'a QEMU is compared with itself, and the same file with itself',
  { skip: qemu.skip },
  async (t) => {
    using scratch = new Scratch();
    const json = path.join(scratch.directory, 'bench.json');
    const csv = path.join(scratch.directory, 'bench.csv');
    const postcopy = ['--scenario', 'postcopy'];
    const words = [...small, ...postcopy, '--pairs', '2', '--aa', '--json', json, '--csv', csv];
    let ran = await drover(words, scratch);
    if (ran.code === 1 && ran.stdout.includes('(no-postcopy)')) {
      // A guest that gets no processor for an iteration has nothing left to send.
      t.diagnostic(`the host was too busy, so it ran again: ${ran.stdout}`);
      for (const name of scratch.content)
        rmSync(path.join(scratch.directory, name), { recursive: true });
      ran = await drover(words, scratch);
    }
    cleanEnd(ran, scratch, 0);
    assert.match(ran.stdout, /A against itself, 2 pairs of each scenario, seed 1/);
    assert.match(ran.stdout, /total time .* not enough data \(needs at least 6\)/);
    const { scenarios, isPartial, sides } = documentIn(json);
    assert.equal(isPartial, false);
    assert.equal(sides.length, 2);
    for (const { samples } of scenarios) {
      assert.equal(samples.length, 4);
      for (const { measured = {} } of samples) {
        const { totalMs = 0, stopToResumeMs = 0, transferredBytes = 0 } = measured;
        assert.ok(stopToResumeMs > 0 && totalMs > stopToResumeMs, JSON.stringify(measured));
        // the guest has stamped all of it
        assert.ok(transferredBytes > 40 * 2 ** 20, JSON.stringify(measured));
        assert.ok((measured.sourceProcessorMs ?? 0) > 0, JSON.stringify(measured));
      }
    }
    assert.equal(readFileSync(csv, 'utf8').trimEnd().split('\r\n').length, 9);

    const alone = path.join(scratch.directory, 'alone.json');
    const document = documentIn(json);
    const first = document.scenarios.map((each) => ({
      ...each,
      samples: each.samples.filter(({ label }) => label === 'A'),
    }));
    writeFileSync(
      alone,
      JSON.stringify({ ...document, sides: sides.slice(0, 1), scenarios: first }),
    );
    const compared = await drover(['compare', alone, alone], scratch);
    cleanEnd(compared, scratch, 0);
    assert.match(compared.stdout, /new against old/);
    const refused = await drover(['compare', json, alone], scratch);
    cleanEnd(refused, scratch, 2);
    assert.match(refused.stderr, /it compares two QEMUs already/);
  },
);

test(
  'a scenario that this host lacks is skipped, and one that is no postcopy fails; the JSON has both',
  { skip: existsSync('/dev/kvm') ? 'this host has KVM' : qemu.skip },
  async () => {
    using scratch = new Scratch();
    const [json, file] = ['bench.json', 'scenarios.json'].map((name) =>
      path.join(scratch.directory, name),
    ) as [string, string];
    const guest = { memoryMiB: 48 };
    const scenarios = [
      { guest, machine: { accel: 'kvm' }, migration: { transport: 'unix' } },
      {
        // a guest that writes little: nearly nothing is left after a few iterations
        guest: { ...guest, pacePagesPerSecond: 2000 },
        migration: { transport: 'postcopy', postcopyAfter: 900 },
      },
    ];
    writeFileSync(file, JSON.stringify({ version: 1, scenarios }));
    const what = ['bench', '--qemu', qemu.command, '--accel', 'tcg', '--scenarios', file];
    const ran = await drover([...what, '--pairs', '1', '--json', json], scratch);
    cleanEnd(ran, scratch, 1);
    const [lacking, postcopy] = documentIn(json).scenarios;
    assert.match(lacking?.skipped ?? '', /\/dev\/kvm/);
    assert.equal(postcopy?.samples[0]?.failure?.code, 'no-postcopy');
  },
);

test(
  'postcopy begins after some bytes, within the first iteration',
  { skip: qemu.skip },
  async () => {
    using scratch = new Scratch();
    const [json, file] = ['bench.json', 'scenarios.json'].map((name) =>
      path.join(scratch.directory, name),
    ) as [string, string];
    const wanted = 10_000_000;
    const migration = {
      transport: 'postcopy',
      postcopyAfterBytes: wanted,
      parameters: { 'max-bandwidth': 20_000_000 },
    };
    const scenarios = [{ guest: { memoryMiB: 48 }, migration }];
    writeFileSync(file, JSON.stringify({ version: 1, scenarios }));
    const what = ['bench', '--qemu', qemu.command, '--accel', 'tcg', '--scenarios', file];
    cleanEnd(await drover([...what, '--pairs', '1', '--json', json], scratch), scratch, 0);
    const { measured, timeline } = documentIn(json).scenarios[0]?.samples[0] ?? {};
    const { precopyBytes = 0, sentBeforeBytes = 0, postcopyBytes = 0 } = measured ?? {};
    const sent = precopyBytes - sentBeforeBytes;
    // a whole iteration is 50 MB, of which the slow start sends some
    assert.ok(sent >= wanted && sent < 3 * wanted, JSON.stringify(measured));
    assert.ok(postcopyBytes > wanted, JSON.stringify(measured));
    const marks = timeline?.marks.map(({ name }) => name) ?? [];
    assert.ok(marks.includes('postcopy-active'), marks.join(', '));
  },
);

test('it ends early once the interval is narrow', { skip: qemu.skip }, async () => {
  using scratch = new Scratch();
  const json = path.join(scratch.directory, 'bench.json');
  const ran = await drover([...small, '--until-width', '900', '--json', json], scratch);
  cleanEnd(ran, scratch, 0);
  const { pairs, untilWidth, isPartial, scenarios } = documentIn(json);
  assert.deepEqual([pairs, untilWidth, isPartial], [100, 9, false]);
  assert.equal(scenarios[0]?.samples.length, 6, ran.stdout);
  assert.match(ran.stdout, /6 migrations: the interval of the total time is \d+\.\d % wide/);
  assert.match(ran.stderr, /A 6 of at most 100: total time/);
});

/** Waits until standard error has such a line. */
async function untilTold({ child }: Running, line: RegExp): Promise<void> {
  let text = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const deadline = performance.now() + 120_000;
  while (!line.test(text)) {
    assert.ok(performance.now() < deadline, `no ${String(line)} within 120 s: ${text}`);
    await sleep(20);
  }
}

test('Ctrl-C keeps what was measured, and leaves nothing else', { skip: qemu.skip }, async () => {
  using scratch = new Scratch();
  const json = path.join(scratch.directory, 'bench.json');
  const running = startDrover([...small, '--pairs', '100', '--json', json], scratch);
  await untilTold(running, /unix,memoryMiB=48 A 1 of 100: total time/);
  running.child.kill('SIGINT');
  const ran = await running.ended;
  cleanEnd(ran, scratch, 130);
  assert.match(ran.stdout, /partial: A has [1-9] of 100 samples/);
  const { isPartial, isUnfinished, scenarios } = documentIn(json);
  assert.deepEqual([isPartial, isUnfinished], [true, true]);
  assert.ok((scenarios[0]?.samples.length ?? 0) >= 1);
  assert.deepEqual(scratch.content, ['bench.json']);
});

test(
  'a QEMU that crashes is a failure with evidence, and the rest is measured',
  { skip: qemu.skip },
  async () => {
    using scratch = new Scratch();
    const json = path.join(scratch.directory, 'bench.json');
    const running = startDrover([...small, '--pairs', '3', '--json', json], scratch);
    await untilTold(running, /A 1 of 3: total time/);
    const victim = (): number | undefined => {
      const line = scratch.processes().find((each) => each.includes('guest.bin'));
      return line === undefined ? undefined : Number.parseInt(line, 10);
    };
    let pid = victim();
    for (let tries = 0; pid === undefined && tries < 12_000; tries++) {
      await sleep(5);
      pid = victim();
    }
    assert.ok(pid !== undefined, 'a QEMU appeared within a minute');
    process.kill(pid, 'SIGKILL');
    cleanEnd(await running.ended, scratch, 1);
    const samples = documentIn(json).scenarios[0]?.samples ?? [];
    assert.deepEqual(
      samples.map(({ pair, failure }) => [pair, failure?.code]),
      [
        [1, undefined],
        [2, 'qemu-exited'],
        [3, undefined],
      ],
    );
    assert.match(samples[1]?.failure?.directory ?? '', /drover-evidence-/);
  },
);

const refusals: readonly Refusal[] = [
  ['--aa with two QEMUs', ['--aa', '--qemu', qemu.command], /--aa compares a QEMU with itself/],
  ['an unknown scenario', ['--scenario', 'pigeon'], /there is no scenario 'pigeon'/],
  ['no file of scenarios', ['--scenarios', '/no/such'], /cannot read \/no\/such/],
  [
    'fewer pairs than an interval takes',
    ['--until-width', '5%', '--pairs', '5'],
    /--pairs: with --until-width expected at least 6, not 5/,
  ],
  ['a sweep without values', ['--sweep', 'channels'], /expected FIELD=VALUE/],
  [
    'more memory than there is',
    ['--sweep', 'memoryMiB=400000'],
    /scenario unix.*need .* of memory, and .* are free to use; memoryMiB=\d+ would fit/,
  ],
  ['a sweep of no field', ['--sweep', 'memoryMib=64'], /memoryMib; did you mean 'memoryMiB'\?/],
  ['a downtime limit in words', ['--b-parameter', 'downtime-limit=fast'], /whole milliseconds/],
  ['two results in one file', ['--json', 'r', '--csv', 'r'], /--json and --csv both name r/],
  [
    'an unknown format',
    ['--export', 'xml=x'],
    /expected FORMAT=FILE, with one of benchstat, bencher,/,
  ],
  [
    'an export below no folder',
    ['--export', 'benchstat=/no/such/x'],
    /cannot write a report to \/no/,
  ],
  ['a page below no folder', ['--html', '/no/such/x'], /cannot write a report to \/no/],
  [
    'a history in a file',
    ['--history', '/dev/null'],
    /--history: cannot write \/dev\/null\/.*jsonl/,
  ],
  ['an unknown parameter', ['--b-parameter', 'no-such=1'], /--b-parameter no-such: QEMU 11/],
];
for (const refusal of refusals) testRefusal(small, refusal, qemu.skip);

const arm = realQemu('10.0', 'aarch64');

test(
  'a scenario with a hot part is skipped where no guest has one',
  { skip: arm.skip },
  async () => {
    using scratch = new Scratch();
    const json = path.join(scratch.directory, 'bench.json');
    const scenarios = ['--scenario', 'unix', '--scenario', 'tcp,hotMiB=16,hotPercent=90'];
    const sweep = ['--sweep', 'memoryMiB=64', '--pairs', '1', '--json', json];
    const ran = await drover(['bench', '--qemu', arm.command, ...scenarios, ...sweep], scratch);
    cleanEnd(ran, scratch, 0);
    assert.deepEqual(
      documentIn(json).scenarios.map(({ skipped }) => skipped),
      [undefined, "guest.hotMiB: Drover's aarch64 guest has no hot part"],
    );
  },
);
