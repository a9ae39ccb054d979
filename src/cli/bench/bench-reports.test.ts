/** All reports of a benchmark from its JSON document, its history, and what is refused. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { madePage } from '../../bench/html/timeline.fixtures.js';
import { Scratch, packageRoot } from '../../model/scratch.fixtures.js';
import { drover } from '../process/drover.fixtures.js';

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
  for (const [args, message] of [
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
});
