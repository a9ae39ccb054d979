/** All reports of a benchmark from its JSON document, its history, and what is refused. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { madePage } from '../../bench/html/timeline.fixtures.js';
import { Scratch, packageRoot } from '../../model/scratch.fixtures.js';
import type { HarnessError } from '../../model/errors.js';
import { drover } from '../process/drover.fixtures.js';
import { isBenchFile, readBench } from './read-bench.js';

const text = JSON.stringify(madePage({ migrations: [{ transport: 'unix' }], pairs: 2 }));
const log = path.join(packageRoot, 'src/report/log/fixtures/clean/events.jsonl');

test('every report is made again from the JSON document, and the history grows', async () => {
  using scratch = new Scratch();
  const file = (name: string): string => path.join(scratch.directory, name);
  writeFileSync(file('bench.json'), text);
  const kinds = ['html', 'json', 'markdown', 'csv'];
  const ran = await drover(
    [
      ...['report', file('bench.json')],
      ...kinds.flatMap((kind) => [`--${kind}`, file(kind)]),
      ...['--export', `openmetrics=${file('metrics')}`, '--history', file('history')],
    ],
    scratch,
  );
  assert.equal(ran.code, 0, ran.stderr);
  assert.match(ran.stdout, /2 pairs of each scenario, seed 7/);
  assert.deepEqual(JSON.parse(readFileSync(file('json'), 'utf8')), JSON.parse(text));
  assert.match(readFileSync(file('html'), 'utf8'), /<h1>drover bench \(partial\)<\/h1>/);
  assert.match(readFileSync(file('markdown'), 'utf8'), /^### drover bench/);
  assert.match(readFileSync(file('csv'), 'utf8'), /^scenario,side,pair/);
  assert.match(readFileSync(file('metrics'), 'utf8'), /# EOF\n$/);
  assert.equal(readdirSync(file('history')).length, 1);
  const history = await drover(
    ['history', file('history'), '--html', file('history.html')],
    scratch,
  );
  assert.equal(history.code, 0, history.stderr);
  assert.match(history.stdout, /1 benchmark, 2026-11-29 to 2026-11-29/);
  assert.match(readFileSync(file('history.html'), 'utf8'), /no figure changed its level/);
});

test('what a benchmark, or a run, does not have is refused, and so is a broken document', async () => {
  using scratch = new Scratch();
  const bench = path.join(scratch.directory, 'bench.json');
  const broken = path.join(scratch.directory, 'broken.json');
  writeFileSync(bench, text);
  writeFileSync(broken, text.slice(0, -100));
  const partial = path.join(scratch.directory, 'partial.json');
  writeFileSync(partial, text.replace('"isPartial"', '"isUnfinished":true,"isPartial"'));
  for (const [args, message] of [
    [['report', partial, '--history', scratch.directory], /partial\.json: .* cancelled before/],
    [['report', path.join(scratch.directory, 'none.json')], /none\.json/],
    [['report', bench, '--tap'], /is a benchmark: leave out --tap/],
    [['report', bench, bench, '--html', 'x'], /is a benchmark: give it alone/],
    [['report', broken], /broken\.json: it is not JSON/],
    [['report', log, '--csv', 'x'], /--csv, --export and --history are of a benchmark/],
    [['report', bench, '--history', bench], /--history: cannot write/],
    [['history', scratch.directory], /it has no history of a benchmark/],
    [['history', scratch.directory, '--html', '/no/such/x'], /cannot write a report to/],
  ] as const) {
    const ran = await drover(args, scratch);
    assert.equal(ran.code, 2, args.join(' '));
    assert.match(ran.stderr, message);
  }
  assert.deepEqual(
    readdirSync(scratch.directory).filter((name) => name.endsWith('.jsonl')),
    [],
  );
  // without --history the rest of a cancelled benchmark is reported
  assert.equal((await drover(['report', partial], scratch)).code, 0);
});

test('a benchmark with values that none has is refused, with the field', async () => {
  using scratch = new Scratch();
  const file = path.join(scratch.directory, 'bench.json');
  for (const [from, to, field] of [
    ['"verdict":"not-enough-data"', '"verdict":"<b>"', 'scenarios.0.comparisons.0.verdict'],
    ['"kind":"failed"', '"kind":"<b>"', 'scenarios.0.samples.3.failure.kind'],
    ['"totalMs":', '"totalMs":true,"x":', 'scenarios.0.samples.0.measured.totalMs'],
    ['"accel":"kvm"', '"accel":"<b>"', 'scenarios.0.accel'],
    ['"side":"source"', '"side":"middle"', 'scenarios.0.samples.0.timeline.marks.0.side'],
    ['"hostState":{"load":0.1', '"hostState":{"load":"0.1"', 'hostState.load'],
    ['"label":"A"', '"label":"C"', 'sides.0.label'],
    ['"pairs":', '"untilWidth":-1,"pairs":', 'untilWidth'],
    ['"pairs":', '"untilWidth":1e999,"pairs":', 'untilWidth'],
  ] as const) {
    assert.ok(text.includes(from), from);
    writeFileSync(file, text.replace(from, to));
    assert.throws(
      () => readBench(file),
      ({ code, message }: HarnessError) => {
        assert.equal(code, 'no-benchmark');
        assert.ok(message.startsWith(`${file}: it is no benchmark`), message);
        assert.ok(message.includes(` ${field}: `), `${field}: ${message}`);
        return true;
      },
    );
  }
});

test('a file that is missing, a folder, or not readable is named', () => {
  using scratch = new Scratch();
  const file = path.join(scratch.directory, 'none.json');
  for (const [place, why] of [
    [file, /none\.json: no such file/],
    [scratch.directory, /: it is a folder/],
  ] as const) {
    assert.throws(
      () => readBench(place),
      ({ code, blame, message }: HarnessError) => {
        assert.deepEqual([code, blame], ['no-benchmark', 'usage']);
        assert.match(message, why);
        return true;
      },
    );
    assert.equal(isBenchFile(place), false);
  }
  // a loop of links cannot be opened, by root either
  const loop = path.join(scratch.directory, 'loop.json');
  symlinkSync('loop.json', loop);
  for (const read of [readBench, isBenchFile]) {
    assert.throws(() => read(loop), { code: 'no-benchmark', message: /loop\.json/ });
  }
});
