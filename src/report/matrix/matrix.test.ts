import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allCounts, cellLines, matrixOf, obstacles, pairsText, uniqueLabels } from './matrix.js';
import type { Cell, PairRecord } from './matrix.js';
import { matrix, notQemu, notStarted, qemus, ran, records } from './matrix.fixtures.js';
import { matrixHtmlPieces } from './matrix-html.js';
import type { JsonMatrix } from './matrix-json.js';
import { matrixJsonPieces } from './matrix-json.js';
import { matrixLines } from './matrix-text.js';
import { paintWith } from '../console/colors.js';
import * as fixtures from '../run.fixtures.js';

const { rows } = matrix;
const cellsOf = (pairs: readonly PairRecord[]): Cell[] => matrixOf(pairs, 0).rows.flat();
const text = matrixLines(matrix, paintWith(false)).join('\n');
const html = [...matrixHtmlPieces(matrix)].join('');

test('labels are the versions, numbered only where several are the same', () => {
  assert.deepEqual(uniqueLabels(['7.2.22', '10.0.2', '7.2.22', undefined]), [
    '7.2.22 (1)',
    '10.0.2',
    '7.2.22 (2)',
    'unusable',
  ]);
  assert.deepEqual(uniqueLabels([undefined, undefined]), ['unusable (1)', 'unusable (2)']);
  assert.deepEqual(uniqueLabels([]), []);
});

test('cells are in the order of the QEMUs, with one verdict each', () => {
  assert.deepEqual(
    rows.map((row) => row.map(({ verdict }) => verdict)),
    [
      ['passed', 'failed', 'not-started'],
      ['broken', 'cancelled', 'not-started'],
      ['not-run', 'not-run', 'left-out'],
    ],
  );
  const cell = rows[0]?.[1];
  assert.deepEqual([cell?.source, cell?.destination], ['7.2.22', '10.0.8']);
  assert.equal(cell?.exitCode, 1);
});

test('a pair whose tests were all skipped, and one whose log has no end, are not passed', () => {
  const skipped = [fixtures.runStarted([fixtures.file])];
  const results = [
    ran([0, 0], [...skipped, fixtures.testFinished(fixtures.file, fixtures.skipped)], 0),
    ran([0, 1], fixtures.passedRun.slice(0, -1), 0),
    ran(
      [0, 2],
      [
        ...skipped,
        fixtures.testFinished(fixtures.file, fixtures.skipped),
        ...fixtures.emptyRun.slice(1),
      ],
      0,
    ),
  ];
  const cells = cellsOf(results).slice(0, 3);
  assert.deepEqual(
    cells.map(({ verdict }) => verdict),
    ['cancelled', 'cancelled', 'skipped'],
  );
});

test('a cell counts each kind that occurred, worst first, and says what never ended', () => {
  const lines = rows.map((row) => row.map((cell) => cellLines(cell).map((line) => line.text)));
  assert.deepEqual(lines, [
    [['2 passed'], ['1 failed', '1 broken', '1 passed', '1 skipped'], ['cannot start']],
    [['run broke', '1 not run'], ['1 passed', '1 cancelled', '1 not run'], ['cannot start']],
    [['not run'], ['not run'], ['-']],
  ]);
});

test('pairs that cannot start for the same reason are listed together', () => {
  const found = obstacles(rows.flat());
  assert.deepEqual(
    found.map(({ failure, pairs }) => [failure, pairs.map(({ source }) => source)]),
    [[notQemu, ['7.2.22', '10.0.8']]],
  );
  const other = { ...notQemu, code: 'no-common-machine' };
  const cells = cellsOf([...records.slice(0, 3), ran([1, 0], notStarted(other), 2)]);
  assert.equal(obstacles(cells).length, 2);
});

test('sums are over all pairs', () => {
  const cells = rows.flat();
  assert.deepEqual(allCounts(cells), { passed: 4, failed: 1, broken: 1, skipped: 1, cancelled: 1 });
  assert.equal(
    pairsText(cells),
    '1 failed, 1 broken, 2 cannot start, 1 passed, 1 cancelled, 2 not run',
  );
});

test('the text has the grid, and below it what went wrong, where, and its evidence', () => {
  assert.match(text, /8 pairs of 3 QEMUs, 2 tests each/);
  assert.match(text, /│ source \\ destination │ 7\.2\.22 +│ 10\.0\.8 +│ unusable +│/);
  assert.match(text, /│ 7\.2\.22 +│ 2 passed +│ 1 failed +│ cannot start │/);
  const below = text.slice(text.indexOf('7.2.22 -> 10.0.8'));
  assert.match(
    below,
    /FAIL {3}\S+precopy\/tcp\/plain\n.*memory-damaged.*\n.*phase verify, side destination\n.*evidence +\/tmp\/drover-Zk3/,
  );
  assert.match(below, /run again +drover run -p \S+ --qemu-src qemu-system-x86_64 --qemu-dst/);
  assert.match(text, /cannot start: 7\.2\.22 -> unusable, 10\.0\.8 -> unusable\n.*not-qemu/);
  assert.match(text, /10\.0\.8 -> 7\.2\.22\nthe run could not be carried out\n.*no worker/);
  // eslint-disable-next-line no-control-regex -- QEMU's escape sequences must not reach a terminal
  assert.doesNotMatch(text, /\u001B/);
});

test('of many failures in one pair the first are shown, and how many there are more', () => {
  const names = Array.from({ length: 8 }, (_, index) => `/x86_64/migration/t${String(index)}`);
  const events = [
    fixtures.runStarted(names),
    ...names.flatMap((name) => fixtures.attempt(name, fixtures.failed)),
  ];
  const lines = matrixLines(
    matrixOf([ran([0, 0], [...events, fixtures.runFinished(events)], 1)], 1),
    paintWith(false),
  );
  assert.equal(lines.filter((line) => line.startsWith('FAIL')).length, 5);
  assert.ok(lines.includes('and 3 more failures'));
});

test('a repeated test lists the attempts that failed', () => {
  const lines = matrixLines(
    matrixOf([ran([0, 0], fixtures.repeatedRun(8), 1)], 1),
    paintWith(false),
  );
  assert.ok(lines.includes(`FAIL   ${fixtures.plain} (attempts 3, 7)`));
});

test('the JSON is one document: its version, the QEMUs, every pair, and the report of those that ran', () => {
  const document = JSON.parse([...matrixJsonPieces(matrix)].join('')) as JsonMatrix;
  assert.equal(document.version, 1);
  assert.equal(document.exitCode, 130);
  assert.ok(!('rows' in document));
  assert.deepEqual(document.qemus, qemus);
  assert.deepEqual(
    [document.drover, document.time, document.durationMs, document.arch],
    ['0.1.0', '2025-03-04T05:06:07.000Z', 4200, 'x86_64'],
  );
  assert.deepEqual(
    document.pairs.map(({ status }) => status),
    rows.flat().map(({ verdict }) => verdict),
  );
  const [first, second, third] = document.pairs;
  assert.equal(first?.report?.tests.length, 2);
  assert.deepEqual([second?.source, second?.destination], ['7.2.22', '10.0.8']);
  assert.deepEqual(second?.counts, { passed: 1, failed: 1, broken: 1, skipped: 1, cancelled: 0 });
  assert.deepEqual(third?.failure, notQemu);
  assert.equal(third.report, undefined);
});

test('the HTML is a table with headers, in light and dark, and loads nothing', () => {
  assert.match(html, /^<!DOCTYPE html>\n<html lang="en">/);
  assert.match(html, /<th scope="col">Source<\/th><th scope="col">7\.2\.22<\/th>/);
  assert.equal(
    html.match(/<tr><th scope="row">(7\.2\.22|10\.0\.8|unusable)<\/th><td class="/g)?.length,
    3,
  );
  assert.match(html, /prefers-color-scheme: dark/);
  assert.doesNotMatch(html, /<(script|link|img|iframe)|url\(|@import|https?:/);
  const targets = [...html.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
  assert.equal(targets.length, 6);
  for (const id of targets) assert.ok(html.includes(`<section id="${String(id)}">`), id);
});

test('whatever QEMUs and users say is text in the HTML, not markup', () => {
  assert.ok(html.includes('&lt;/pre&gt;&lt;script&gt;alert(1)&lt;/script&gt;\\x1b[31m'));
  assert.ok(html.includes('/opt/&lt;b&gt;&quot;odd&quot; &amp; co&lt;/b&gt;/qemu-system-x86_64'));
  assert.ok(html.includes('v10 &lt;&amp;&gt;'));
  // eslint-disable-next-line no-control-regex -- none may be left
  assert.doesNotMatch(html, /[\u0000-\u0008\u000B-\u001F]/);
});
