import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { packageRoot } from '../model/scratch.fixtures.js';
import { madeDocument, madeSamples } from './bench.fixtures.js';
import type { BenchDocument } from './document.js';
import { hostWarnings } from './host-state.js';
import { benchCsv, benchLines, benchMarkdown } from './text.js';

const samples = madeSamples({ seed: 1, pairs: 12, ratio: 1.2, noise: 0.02 });
const document = madeDocument(samples);

test('the console shows both sides, medians with intervals, and the verdict', () => {
  const text = benchLines(document).join('\n');
  assert.match(text, /12 pairs of each scenario, seed 7, threshold 5 %, intervals of 95 %/);
  assert.match(text, /^B: QEMU 10\.0\.2 .*, max-bandwidth=180000000$/m);
  assert.match(text, /^ {2}total time +4\d\d ms +3?4?\d+ ms to 4\d\d ms +4\d\d ms +/m);
  assert.match(text, /^ {2}total time +\+(?:19|20|21) % .* +12 +slower$/m);
  assert.match(text, /^ {2}downtime .* same$/m);
  assert.match(text, /mapped-ram .*\n {2}skipped: QEMU 7\.2\.22 has no capability mapped-ram/);
});

test('failures, raised limits and missing pairs are remarks', () => {
  const failure = {
    kind: 'failed',
    code: 'memory-damaged',
    message: '3 pages are damaged',
  } as const;
  const [first, ...rest] = document.scenarios;
  assert.ok(first !== undefined);
  const own = samples.map((sample, index) => {
    const { label, pair, measured } = sample;
    if (index === 4) return { label, pair, failure: { ...failure, directory: '/kept' } };
    return index === 5 ? { label, pair, measured: { ...measured, isForced: true } } : sample;
  });
  const partial: BenchDocument = {
    ...document,
    isPartial: true,
    scenarios: [{ ...first, samples: own, isPartial: true }, ...rest],
  };
  const text = benchLines(partial).join('\n');
  assert.match(text, /A: pair 3 failed: 3 pages are damaged \(memory-damaged\); evidence: \/kept/);
  assert.match(text, /partial: A has 11 of 12 samples/);
  assert.match(text, /B: 1 of 12 migrations did not converge in time/);
  assert.match(text, /^partial: not all samples were measured$/m);
  assert.match(benchMarkdown(partial), /^### drover bench \(partial\)$/m);
  assert.match(benchCsv(partial), /^unix,A,3,memory-damaged,,,/m);
});

test('on a terminal the samples of each side are lines of blocks, in their order', () => {
  const text = benchLines(document, true).join('\n');
  assert.match(text, /B: interval +A: samples +B: samples$/m);
  assert.match(text, /^ {2}total time .* [▁▂▃▄▅]{12} {2}[▃▄▅▆▇█]{12}$/m);
  assert.doesNotMatch(benchLines(document).join('\n'), /[▁▂▃▄▅▆▇█]/);
  assert.doesNotMatch(benchMarkdown(document), /[▁▂▃▄▅▆▇█]/);
});

test('one side alone has figures and no verdict', () => {
  const alone = madeDocument(samples.filter(({ label }) => label === 'A'));
  const text = benchLines(alone).join('\n');
  assert.match(text, /12 migrations of each scenario/);
  assert.doesNotMatch(text, /B against A|verdict|seed/);
});

test('a comparison with itself says how large the noise is', () => {
  const text = benchLines({ ...document, isSelfTest: true }).join('\n');
  assert.match(
    text,
    /noise of this host .*\n {2}unix, total time: ±\d+\.\d %\n {2}unix, downtime: /,
  );
});

test('CSV has a line for each sample, with the names of the JSON document', () => {
  const [head = '', first = '', ...rest] = benchCsv(document).trimEnd().split('\r\n');
  assert.match(head, /^scenario,side,pair,failure,forced,totalMs,stopToResumeMs,/);
  assert.match(first, /^unix,A,1,,false,\d+\.\d+,/);
  assert.equal(rest.length, 23);
});

test('Markdown has a table of verdicts and one of figures', () => {
  const text = benchMarkdown(document);
  assert.match(text, /^#### `unix`$/m);
  assert.match(text, /^\| figure \| B against A \| interval \| p \| pairs \| verdict \|$/m);
  assert.match(text, /^\| figure \| A: median \| A: interval \| B: median \| B: interval \|$/m);
});

test('names of others end no cell and no line of Markdown, and drive no terminal', () => {
  const name = 'a|b\n| c |\u001b[31m';
  const [first] = document.scenarios;
  assert.ok(first !== undefined);
  const [comparison] = first.comparisons;
  assert.ok(comparison !== undefined);
  const hostile: BenchDocument = {
    ...document,
    host: { ...document.host, cpu: name },
    warnings: [name],
    scenarios: [
      {
        ...first,
        scenario: { ...first.scenario, name },
        machine: name,
        comparisons: [{ ...comparison, figure: name as 'totalMs' }],
        samples: [
          ...first.samples,
          { label: 'A', pair: 9, failure: { kind: 'failed', code: name, message: name } },
        ],
      },
    ],
  };
  const text = benchMarkdown(hostile);
  const tables = text.split('\n').filter((line) => line.startsWith('|'));
  const widths = new Set(tables.map((line) => line.split('|').length));
  assert.deepEqual(
    [...widths].sort((a, b) => a - b),
    [7, 8],
    'the table of figures and that of comparisons',
  );
  assert.doesNotMatch(text, /^\| c/m);
  assert.match(text, /^#### `a¦b ¦ c ¦\\x1b\[31m`$/m);
  assert.ok(!benchLines(hostile).join('\n').includes('\u001b'));
  assert.ok(benchLines(hostile).every((line) => !line.startsWith('| c')));
});

test('a document keeps to the published schema', () => {
  const file = path.join(packageRoot, 'docs', 'reference', 'bench.schema.json');
  const validate = new Ajv({ strict: false }).compile(
    JSON.parse(readFileSync(file, 'utf8')) as object,
  );
  assert.ok(validate(JSON.parse(JSON.stringify(document))), JSON.stringify(validate.errors));
  assert.ok(!validate({ ...document, version: 2 }));
});

test('a busy or throttled host is warned about', () => {
  assert.deepEqual(
    hostWarnings({ load: 0.2, steal: 0, governor: 'performance', ksm: false }, 4),
    [],
  );
  assert.deepEqual(hostWarnings({}, 1), []);
  const warned = hostWarnings({ load: 3, steal: 0.05, governor: 'powersave', ksm: true }, 4);
  assert.deepEqual(
    warned.map((text) => /load was 3\.0|5\.0 %|powersave|KSM/.exec(text)?.[0]),
    ['load was 3.0', '5.0 %', 'powersave', 'KSM'],
  );
});
