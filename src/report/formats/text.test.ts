import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { failureFields, fieldLines, verdictFields } from '../fold/diagnosis.js';
import { counted, formatDuration, formatMs, hex } from '../../model/text/format.js';
import { Labels, StableNames } from '../fold/labels.js';
import { printable, printableLine } from '../../model/text/printable.js';
import { shellQuote } from '../../model/shell.js';
import { rerunCommand } from '../fold/rerun-line.js';
import * as fixtures from '../run.fixtures.js';

test('durations change unit where the rounded text would be odd', () => {
  const expected: [number, string][] = [
    [0, '0.00 s'],
    [620, '0.62 s'],
    [9_994, '9.99 s'],
    [9_996, '10.0 s'],
    [59_940, '59.9 s'],
    [59_960, '1 min 00 s'],
    [125_000, '2 min 05 s'],
    [3_599_600, '1 h 00 min'],
    [11_220_000, '3 h 07 min'],
  ];
  for (const [ms, text] of expected) assert.equal(formatDuration(ms), text);
  assert.equal(formatMs(41.4), '41 ms');
});

test('counts have marked thousands and a plural', () => {
  assert.equal(counted(1, 'page'), '1 page');
  assert.equal(counted(0, 'page'), '0 pages');
  assert.equal(counted(1_234_567, 'page'), '1,234,567 pages');
  assert.equal(hex(2 ** 40), '0x10000000000');
});

test('nothing printable can drive a terminal', () => {
  assert.equal(
    printable('\u001B[31mred\u0007\u0000\u009B\u007F'),
    '\\x1b[31mred\\x07\\x00\\x9b\\x7f',
  );
  assert.equal(printable('a\r\nb\tc\rd'), 'a\nb\tc\\x0dd');
  assert.equal(printable('a\u202Eb\u2066c'), 'a\\u202eb\\u2066c');
  assert.equal(printable('\uD800 \uFFFF 😀 é'), '\\ud800 \\uffff 😀 é');
  assert.equal(printableLine(' one \n\n  two\n'), 'one two');
});

test('a rerun command is what a shell takes apart into the same words', () => {
  const run = fixtures.runStarted([], { source: fixtures.olderQemu });
  const odd = "/x86_64/it's $HOME";
  const command = rerunCommand(odd, run);
  const seen = execFileSync('sh', ['-c', `drover() { printf '%s\\n' "$@"; }; ${command}`], {
    encoding: 'utf8',
  });
  assert.deepEqual(seen.trimEnd().split('\n'), [
    'run',
    '-p',
    odd,
    '--qemu-src',
    fixtures.olderQemu.command,
    '--qemu-dst',
    'qemu-system-x86_64',
    '--machine',
    'pc-q35-10.0',
    '--accel',
    'tcg',
    '--keep',
  ]);
  assert.equal(shellQuote(''), "''");
});

test('a rerun of one QEMU against itself names it once', () => {
  assert.equal(
    rerunCommand(fixtures.plain, fixtures.runStarted([])),
    `drover run -p ${fixtures.plain} --qemu qemu-system-x86_64 --machine pc-q35-10.0 --accel tcg --keep`,
  );
});

test('an attempt is named only where there are several', () => {
  const labels = new Labels({ tests: ['/a', '/b', '/a'], total: 3 });
  assert.equal(labels.of({ test: '/a', attempt: 1 }), '/a (attempt 1)');
  assert.equal(labels.of({ test: '/b', attempt: 1 }), '/b');
  assert.equal(labels.of({ test: '/b', attempt: 2 }), '/b (attempt 2)');
  const short = new Labels({ tests: ['/a'], total: 50 });
  assert.equal(short.of({ test: '/a', attempt: 1 }), '/a (attempt 1)');
});

test('repetitions are numbered among themselves, whatever was tried again in between', () => {
  const names = new StableNames(new Labels({ tests: ['/a', '/b', '/a'], total: 3 }));
  assert.deepEqual(
    ['/a', '/b', '/a'].map((test) => names.next(test)),
    ['/a (attempt 1)', '/b', '/a (attempt 2)'],
  );
});

test('a failure has all its fields', () => {
  assert.deepEqual(fieldLines(failureFields(fixtures.deadlineFailure)), [
    'error       deadline: no MIGRATION event completed on the source within 30.0 s; last seen: active',
    'where       phase migrate, side source',
    'waited for  MIGRATION event completed',
    'last seen   active',
    'details     stderr: \\x1b[31mqemu: <fatal> & ]]> twice ]]>\\x07\\x00',
    '            second line \\ud800',
    'caused by   connection reset',
  ]);
});

test('a verdict names the cut, the damaged runs in hex and upstream’s words', () => {
  assert.deepEqual(fieldLines(verdictFields(fixtures.damaged)), [
    'memory      4,941 pages damaged in 3 runs; 25,344 pages examined, 0x100000 to 0x6400000, stamp byte every 4,096',
    '            generation 27, edge at 0xd53000, 4,941 damaged pages',
    'damage      0x200000 to 0x201000: 1 page, stale by 1, expected 27, found 26',
    '            0xe00000 to 0x214b000: 4,939 pages, stale by 1, expected 26, found 25',
    '            and 1 more run',
    'upstream    Memory content inconsistency at 200000 first_byte = 1b last_byte = 1b current = 1a hit_edge = 1',
    '            and in another 4931 pages',
    'scan        shared mapping, kernel prefetch, 2 ms',
  ]);
});

test('a verdict of equal pages has no edge', () => {
  const lines = fieldLines(
    verdictFields({
      ...fixtures.intact,
      slices: fixtures.intact.slices.map((slice) => ({ ...slice, edge: null })),
    }),
  );
  assert.equal(lines[0]?.slice(12, 18), 'intact');
  assert.equal(lines[1]?.trim(), 'generation 27, no edge, 0 damaged pages');
});
