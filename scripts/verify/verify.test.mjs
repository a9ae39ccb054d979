// The sums that `npm test` prints: a wrong one would hide failures.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { doctestSums } from './native-tests.mjs';
import { testFiles } from './parts.mjs';
import { check, closing, finding, progressLine } from './tally.mjs';

const HEAD = "import { describe, it, test } from 'node:test';\n";
const FILES = {
  'a.test.mjs': `${HEAD}
    test('good', (t) => t.diagnostic('tests 99'));
    test('absent', (t) => t.skip('no QEMU'));
    test('bad', () => { throw new Error('boom'); });`,
  'b.test.mjs': `${HEAD}
    describe('a suite', () => { it('good', () => {}); it.todo('later'); });
    describe('left out', { skip: 'no KVM' }, () => { it('never runs', () => {}); });`,
  'crash.test.mjs': `${HEAD} test('good', () => {}); process.nextTick(() => process.abort());`,
  'hang.test.mjs': `${HEAD} test('hangs', () => new Promise((done) => setTimeout(done, 600_000)));`,
};

test('a run is counted, whatever ends it, and its reporter prints one sum', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'drover-verify-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const files = Object.entries(FILES).map(([name, text]) => {
    writeFileSync(path.join(folder, name), text);
    return path.join(folder, name);
  });
  // A run inside a run is refused by node:test: so it gets a process that knows of no other run.
  const script = `
    import { runNodeTests } from ${JSON.stringify(new URL('node-tests.mjs', import.meta.url).href)};
    const result = await runNodeTests(${JSON.stringify({ files, concurrency: 2, timeoutMs: 20_000 })});
    console.log('RESULT ' + JSON.stringify(result));`;
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const runner = path.join(folder, 'run.mjs');
  writeFileSync(runner, script);
  const child = spawnSync(process.execPath, [runner], { env });
  const text = child.stdout.toString();
  const { skips, tookMs, ...counts } = JSON.parse(/^RESULT (.*)$/m.exec(text)[1]);
  assert.deepEqual(counts, { passed: 2, failed: 3, skipped: 3 });
  assert.deepEqual(skips.toSorted(), ['marked as to do', 'no KVM', 'no QEMU']);
  assert.ok(tookMs > 0);
  const sums = text.match(/^ℹ (?:tests|pass|fail|cancelled|skipped|todo) \d+$/gm);
  assert.deepEqual(sums, [
    'ℹ tests 7',
    'ℹ pass 2',
    'ℹ fail 2',
    'ℹ cancelled 1',
    'ℹ skipped 1',
    'ℹ todo 1',
  ]);
});

test('the sums of all doctest programs are added, but for those of forked children', () => {
  const line = (program, counts) =>
    `${program}: [doctest] test cases:  ${counts}\n${program}: [doctest] assertions: 9 | 9 passed |\n`;
  const output =
    line(1, '5 |  4 passed | 1 failed | 7 skipped') +
    line(1, '12 | 12 passed | 0 failed | 0 skipped') +
    line(2, '3 |  2 passed | 1 failed | 2 skipped');
  assert.deepEqual(doctestSums(output), { passed: 14, failed: 1, skipped: 2 });
  const alone = '[doctest] test cases:  5 |  4 passed | 0 failed | 1 skipped';
  assert.deepEqual(doctestSums(alone), { passed: 4, failed: 0, skipped: 1 });
  assert.deepEqual(doctestSums('Segmentation fault'), { passed: 0, failed: 0, skipped: 0 });
});

test('tests with real QEMUs are kept apart, and sources are no tests', () => {
  const files = [
    'dist/a.test.js',
    'dist/a.qemu.test.js',
    'dist/a.js',
    'dist/a.test.d.ts',
    'scripts/b.test.mjs',
  ];
  assert.deepEqual(testFiles('unit', files), ['dist/a.test.js', 'scripts/b.test.mjs']);
  assert.deepEqual(testFiles('qemu', files), ['dist/a.qemu.test.js']);
});

test('the last line sums up everything, and failures and reasons are named above it', () => {
  const lines = closing(
    [
      check('eslint', 1, true, 'not shown'),
      check('prettier', 1, false, 'bad.ts'),
      finding('unit tests', 1, {
        passed: 5,
        failed: 1,
        skipped: 3,
        skips: ['x', 'no KVM', 'no KVM'],
      }),
    ],
    1500,
  ).split('\n');
  assert.equal(lines.at(-1), '6 passed, 2 failed, 3 skipped');
  assert.ok(lines.includes('FAILED: prettier, unit tests'));
  assert.ok(lines.indexOf('  2 x no KVM') < lines.indexOf('  1 x x'));
});

test('a failed check shows its output, a passed one does not', () => {
  assert.match(
    progressLine(check('prettier', 1, false, 'bad.ts')),
    /^FAIL prettier .*\n {5}bad\.ts$/,
  );
  assert.doesNotMatch(progressLine(check('eslint', 1, true, 'not shown')), /not shown/);
});
