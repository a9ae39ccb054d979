import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Parser } from 'tap-parser';
import type { FinalResults, Result } from 'tap-parser';
import type { DroverEvent } from '../../model/events.js';
import * as fixtures from '../run.fixtures.js';
import { FailingPaper, Paper } from '../console/scripted.fixtures.js';
import { TapReporter } from './tap.js';

interface Parsed {
  readonly text: string;
  readonly results: FinalResults;
  readonly points: readonly Result[];
  readonly comments: readonly string[];
  /** lines that are no TAP at all */
  readonly extra: readonly string[];
}

async function reported(events: readonly DroverEvent[]): Promise<Parsed> {
  const stream = new Paper();
  const tap = new TapReporter(stream);
  for (const event of events) tap.onEvent(event);
  await tap.close();
  const points: Result[] = [];
  const comments: string[] = [];
  const extra: string[] = [];
  const results = await new Promise<FinalResults>((resolve) => {
    const parser = new Parser({ strict: true }, resolve);
    parser.on('assert', (point: Result) => points.push(point));
    parser.on('comment', (line: string) => comments.push(line));
    parser.on('extra', (line: string) => extra.push(line));
    parser.end(stream.text);
  });
  return { text: stream.text, results, points, comments, extra };
}

test('a mixed run is what a TAP reader counts', async () => {
  const { results, points, extra, text } = await reported(fixtures.mixedRun);
  assert(text.startsWith('TAP version 14\n1..4\n'));
  assert.deepEqual(extra, []);
  assert.equal(results.ok, false);
  assert.equal(results.bailout, false);
  assert.deepEqual([results.count, results.pass, results.fail, results.skip], [4, 2, 2, 1]);
  assert.deepEqual(
    points.map(({ name, ok }) => [ok, name]),
    [
      [true, fixtures.plain],
      [false, fixtures.tcp],
      [true, fixtures.file],
      [false, fixtures.badDest],
    ],
  );
  assert.match(String(points[2]?.skip), /^needs file: URIs \(QEMU 8\.2\) .*# here$/);
});

test('the diagnosis of a failure is YAML that a reader gets back', async () => {
  const { points } = await reported(fixtures.mixedRun);
  const diag: unknown = points[1]?.diag;
  assert.deepEqual(diag, {
    outcome: 'failed',
    code: 'memory-damaged',
    message: 'the destination lost 4,941 pages of 25,344',
    phase: 'verify',
    side: 'destination',
    memory: {
      intact: false,
      stamp: 'byte',
      pages: 25_344,
      slices: ['generation 27, edge at 0xd53000, 4,941 damaged pages'],
      damaged_pages: 4941,
      damaged_runs: 3,
      damage: [
        '0x200000 to 0x201000: 1 page, stale by 1, expected 27, found 26',
        '0xe00000 to 0x214b000: 4,939 pages, stale by 1, expected 26, found 25',
      ],
      upstream: fixtures.damaged.slices[0]?.upstreamLines,
    },
    evidence: '/tmp/drover-Zk3/unix-plain',
  });
  // The parser takes the duration out of the YAML.
  assert.equal(points[1]?.time, 900);
});

test('what QEMU printed cannot break the YAML', async () => {
  const events = [fixtures.runStarted(['/a']), fixtures.testFinished('/a', fixtures.late)];
  const { points, extra } = await reported([...events, fixtures.runFinished(events)]);
  assert.deepEqual(extra, []);
  const diag = points[0]?.diag as { details: string[]; waited_for: string };
  assert.equal(diag.waited_for, 'MIGRATION event completed');
  assert.deepEqual(diag.details, [
    'stderr: \\x1b[31mqemu: <fatal> & ]]> twice ]]>\\x07\\x00\nsecond line \\ud800',
  ]);
});

test('a passed run is passed, its attempts are named', async () => {
  assert.equal((await reported(fixtures.passedRun)).results.ok, true);
  const { points } = await reported(fixtures.repeatedRun(3));
  assert.equal(points[5]?.name, `${fixtures.tcp} (attempt 3)`);
});

test('a run of no tests is a plan of nothing', async () => {
  const { results, text } = await reported(fixtures.emptyRun);
  assert.match(text, /^1\.\.0 # SKIP no tests$/m);
  assert.equal(results.ok, true);
  assert.equal(results.count, 0);
});

test('a cancelled run bails out', async () => {
  const { results } = await reported(fixtures.cancelledRun);
  assert.equal(results.ok, false);
  assert.equal(results.bailout, 'cancelled after 2 of 3 tests');
  assert.equal(results.skip, 1);
});

test('a run that could not be carried out bails out with the reason', async () => {
  const { results } = await reported(fixtures.brokenRun);
  assert.equal(results.bailout, 'pool: no worker could be started');
  const early = fixtures.brokenRun.slice(1);
  assert.equal((await reported(early)).results.bailout, 'pool: no worker could be started');
});

test('a run that just stops bails out at the close', async () => {
  const { results } = await reported(fixtures.passedRun.slice(0, -1));
  assert.equal(results.bailout, 'the run ended early, after 2 of 2 tests');
  assert.equal((await reported([])).results.bailout, 'the run did not start');
});

test('results that got lost are missed', async () => {
  const events = fixtures.passedRun.filter(
    (event) => event.type !== 'test-finished' || event.test !== fixtures.tcp,
  );
  const { results } = await reported(events);
  assert.equal(results.bailout, 'the run ended after 1 of 2 tests');
});

test('a name cannot become a directive, a warning is a comment', async () => {
  const path = '/x86_64/odd # SKIP \\ name';
  const events = [
    fixtures.runStarted([path]),
    fixtures.testFinished(path, fixtures.passed),
    { type: 'warning' as const, atMs: 0, message: 'one\nnot ok 7' },
  ];
  const { results, points, comments } = await reported([...events, fixtures.runFinished(events)]);
  assert.equal(points[0]?.name, path);
  assert.equal(results.skip, 0);
  assert.equal(results.fail, 0);
  assert(comments.includes('# warning: one not ok 7\n'));
});

test('a reader that goes away ends the writing and nothing else', async () => {
  const stream = new FailingPaper('EPIPE', 1);
  const tap = new TapReporter(stream);
  for (const event of fixtures.mixedRun) {
    tap.onEvent(event);
    await new Promise(setImmediate);
  }
  await tap.close();
  assert.equal(stream.attempts, 2);
});
