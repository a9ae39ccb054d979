/** Each format is read back by the rules of its definition, with names that would break it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { madePage } from '../html/timeline.fixtures.js';
import { exportFormats } from './formats.js';

const document = madePage({
  migrations: [{ transport: 'unix' }, { transport: 'multifd', channels: 4 }],
  pairs: 8,
});
const alone = {
  ...document,
  sides: document.sides.slice(0, 1),
  scenarios: document.scenarios.map((each) => ({
    ...each,
    comparisons: [],
    samples: each.samples.filter(({ label }) => label === 'A'),
  })),
};

/** golang.org/design/14313-benchmark-format, as benchfmt reads it */
function readGo(text: string) {
  const config = new Map<string, string>();
  const units = new Map<string, string>();
  const results: { name: string; values: Map<string, number> }[] = [];
  for (const line of text.split('\n')) {
    const pair = /^(\p{Ll}[^\p{Lu}\s:]*):[ \t]+(.*)$/u.exec(line);
    if (line === '' || line.startsWith('#')) continue;
    if (pair !== null) config.set(pair[1] ?? '', pair[2] ?? '');
    else if (line.startsWith('Unit ')) {
      const [, unit = '', ...rest] = line.split(' ');
      units.set(unit, rest.join(' '));
    } else {
      const [name = '', count, ...rest] = line.split(/[ \t]+/);
      assert.match(name, /^Benchmark(?!\p{Ll})/u);
      assert.match(count ?? '', /^[1-9]\d*$/);
      assert.ok(rest.length > 0 && rest.length % 2 === 0, line);
      const values = new Map<string, number>();
      for (let at = 0; at < rest.length; at += 2) values.set(rest[at + 1] ?? '', Number(rest[at]));
      assert.ok([...values.values()].every(Number.isFinite), line);
      results.push({ name, values });
    }
  }
  return { config, units, results };
}

test('benchstat gets one line for each sample, with its units and which way is better', () => {
  const { config, units, results } = readGo(exportFormats.benchstat(document));
  assert.equal(config.get('host'), 'host');
  assert.equal(results.length, document.scenarios.flatMap(({ samples }) => samples).length - 2);
  const [first] = results;
  assert.match(first?.name ?? '', /^BenchmarkMigrate\/scenario=unix,[^/]*\/side=[AB]$/);
  const sample = document.scenarios[0]?.samples[0];
  assert.equal(first?.values.get('total-ms'), sample?.measured?.totalMs);
  for (const unit of first?.values.keys() ?? [])
    assert.match(units.get(unit) ?? '', /^better=/, unit);
  assert.equal(units.get('megabits-per-second'), 'better=higher');
  assert.equal(units.get('stop-to-resume-ms'), 'better=lower');
});

const metric = {
  type: 'object',
  properties: Object.fromEntries(
    ['value', 'lower_value', 'upper_value'].map((name) => [name, { type: 'number' }]),
  ),
  required: ['value'],
  additionalProperties: false,
};

test('Bencher gets the median and its interval of each measure', () => {
  const metrics = JSON.parse(exportFormats.bencher(document)) as Record<
    string,
    Record<string, { value: number; lower_value: number; upper_value: number }>
  >;
  const validate = new Ajv().compile({
    type: 'object',
    additionalProperties: {
      type: 'object',
      // a slug
      propertyNames: { pattern: '^[a-z0-9]+(-[a-z0-9]+)*$' },
      additionalProperties: metric,
    },
  });
  assert.ok(validate(metrics), JSON.stringify(validate.errors));
  const { value, lower_value: low, upper_value: high } = metrics['multifd:4/B']?.['total-ms'] ?? {};
  assert.ok(low !== undefined && value !== undefined && high !== undefined);
  assert.ok(low < value && value < high);
  assert.ok('multifd:4' in (JSON.parse(exportFormats.bencher(alone)) as object));
});

test('github-action-benchmark gets all figures of which less is better', () => {
  const entries = JSON.parse(exportFormats['github-action'](document)) as { name: string }[];
  const text = { type: 'string' };
  const validate = new Ajv().compile({
    type: 'array',
    items: {
      type: 'object',
      properties: { name: text, unit: text, value: { type: 'number' }, range: text, extra: text },
      required: ['name', 'unit', 'value'],
      additionalProperties: false,
    },
  });
  assert.ok(validate(entries), JSON.stringify(validate.errors));
  const names = entries.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  assert.ok(names.includes('multifd:4/A: downtime'));
  assert.ok(!names.some((name) => name.endsWith(': throughput')));
});

/** the grammar of OpenMetrics 1.0 for what is used of it */
function readOpenMetrics(text: string) {
  assert.ok(text.endsWith('\n# EOF\n'));
  const families = new Map<string, { unit?: string; samples: Map<string, number> }>();
  let current = '';
  for (const line of text.slice(0, -'# EOF\n'.length).trimEnd().split('\n')) {
    const [, key, name = '', rest = ''] = /^# (TYPE|UNIT|HELP) (\S+) (.*)$/.exec(line) ?? [];
    if (key === 'TYPE') {
      assert.ok(!families.has(name), `${name} comes once`);
      assert.match(name, /^[a-zA-Z_:][a-zA-Z0-9_:]*$/);
      assert.equal(rest, 'gauge');
      families.set(name, { samples: new Map() });
      current = name;
    } else if (key === 'UNIT') {
      assert.ok(name === current && name.endsWith(`_${rest}`));
    } else if (key === 'HELP') assert.equal(name, current);
    else {
      const label = String.raw`[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\n"])*"`;
      const sample = new RegExp(String.raw`^(\w+)\{(${label}(?:,${label})*)\} (-?\d[\d.e+-]*)$`);
      const [, of, labels = '', value] = sample.exec(line) ?? [];
      assert.equal(of, current, line);
      const { samples } = families.get(current) ?? { samples: new Map<string, number>() };
      assert.ok(!samples.has(labels), `${line} comes once`);
      samples.set(labels, Number(value));
    }
  }
  return families;
}

test('OpenMetrics has times in seconds, each series once, and the number of failures', () => {
  const families = readOpenMetrics(exportFormats.openmetrics(document));
  const total = families.get('drover_bench_total_seconds')?.samples ?? new Map<string, number>();
  // two scenarios, two sides, median and both ends
  assert.equal(total.size, 2 * 2 * 3);
  assert.ok([...total.values()].every((value) => value > 0.01 && value < 1));
  const samples = [...(families.get('drover_bench_samples')?.samples ?? [])];
  const failed = samples.filter(([labels]) => labels.includes('result="failed"'));
  assert.equal(
    failed.reduce((sum, [, value]) => sum + value, 0),
    2,
  );
  assert.ok(families.has('drover_bench_transferred_bytes'));
  assert.ok(families.has('drover_bench_megabits_per_second'));
});
