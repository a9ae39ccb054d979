/** Histories: changes of a level, lines that are not whole, two writers, hosts apart. */
import assert from 'node:assert/strict';
import { appendFileSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { drawing, testSeed } from '../../model/drawing.fixtures.js';
import { folderFor } from '../../model/scratch.fixtures.js';
import { madeDocument, madeSamples } from '../bench.fixtures.js';
import type { BenchDocument } from '../document.js';
import { changePoints } from './change-points.js';
import { entryFrom, entryOf, historyFile } from './entry.js';
import type { HistoryEntry } from './entry.js';
import { historyHtmlPieces } from './history-html.js';
import { historyLines } from './history-text.js';
import { appendHistory, checkHistory, readHistory } from './store.js';
import { trendGroups } from './trends.js';

/** Values around levels; each part is a level and how many values it has. */
function levels(seed: number, noise: number, ...parts: readonly (readonly [number, number])[]) {
  const draw = drawing(seed);
  return parts.flatMap(([level, count]) =>
    Array.from({ length: count }, () => level * (1 + noise * (draw(2000) / 1000 - 1))),
  );
}

test('a step is found where it is, with its size, and the same seed gives the same answer', () => {
  const values = levels(5, 0.03, [400, 15], [460, 12], [300, 10]);
  const found = changePoints(values, 0.05, 1);
  assert.deepEqual(
    found.map(({ at, change }) => [at, Math.round(100 * change)]),
    [
      [15, 15],
      [27, -35],
    ],
  );
  assert.ok(found.every(({ p }) => p <= 0.01));
  assert.deepEqual(changePoints(values, 0.05, 1), found);
});

test('noise, outliers, small steps and short series have no change', () => {
  assert.deepEqual(changePoints(levels(1, 0.1, [400, 60]), 0.05, 1), []);
  const outlier = levels(2, 0.02, [400, 30]).map((value, index) => (index === 12 ? 4000 : value));
  assert.deepEqual(changePoints(outlier, 0.05, 1), []);
  assert.deepEqual(changePoints(levels(3, 0.005, [400, 20], [410, 20]), 0.05, 1), []);
  assert.deepEqual(changePoints(levels(4, 0.01, [400, 3], [800, 4]), 0.05, 1), []);
  assert.deepEqual(
    changePoints(
      Array.from({ length: 30 }, () => 7),
      0.05,
      1,
    ),
    [],
  );
  assert.deepEqual(changePoints([], 0.05, 1), []);
});

test('of many series without a change, few seem to have one', () => {
  const seed = testSeed;
  const found = Array.from({ length: 100 }, (_, index) =>
    changePoints(levels(seed + index, 0.2, [400, 24]), 0.01, index),
  ).filter(({ length }) => length > 0).length;
  // 1 % each; more than 8 of 100 has a chance below 10^-5
  assert.ok(found <= 8, `${found} of 100, seed ${seed}`);
});

const samples = madeSamples({ seed: 1, pairs: 6, ratio: 1.2, noise: 0.02 });
const benchmark = (time: string, more: Partial<BenchDocument> = {}): BenchDocument => ({
  ...madeDocument(samples),
  time,
  ...more,
});

test('an entry can be read back; a skipped scenario has no result', () => {
  const entry = entryOf(benchmark('2026-11-29T20:00:00.000Z'));
  assert.deepEqual(entryFrom(JSON.stringify(entry)), JSON.parse(JSON.stringify(entry)));
  assert.deepEqual(
    entry.results.map(({ scenario, label, samples: count }) => [scenario, label, count]),
    [
      ['unix', 'A', 6],
      ['unix', 'B', 6],
    ],
  );
  const total = entry.results[0]?.figures['totalMs'];
  assert.ok(total?.low !== undefined && total.high !== undefined);
  assert.ok(total.low < total.median && total.median < total.high);
  for (const line of ['', '{', '[]', '{"version":1}', JSON.stringify({ ...entry, version: 2 })]) {
    assert.equal(entryFrom(line), undefined, line);
  }
});

test('hosts have files of their own; a new kernel is the same host, another processor is not', () => {
  const { host } = benchmark('2026-11-29T20:00:00.000Z');
  assert.match(historyFile(host), /^host-[0-9a-f]{8}\.jsonl$/);
  assert.equal(
    historyFile({ ...host, kernel: '7.0', memoryBytes: host.memoryBytes - 1e6 }),
    historyFile(host),
  );
  assert.notEqual(historyFile({ ...host, cpu: 'another' }), historyFile(host));
  assert.doesNotMatch(historyFile({ ...host, hostname: '../../etc/x' }), /\//);
});

test('lines of many writers at once are whole, and a torn line is skipped with a warning', async (t) => {
  const folder = folderFor(t);
  const days = Array.from(
    { length: 20 },
    (_, index) => `2026-11-${String(index + 1).padStart(2, '0')}T00:00:00Z`,
  );
  await Promise.all(days.map(async (time) => await appendHistory(folder, benchmark(time))));
  const [name = ''] = readdirSync(folder);
  const file = path.join(folder, name);
  const warnings: string[] = [];
  const read = async () => await readHistory(folder, (message) => warnings.push(message));
  assert.deepEqual(
    (await read())[0]?.entries.map(({ time }) => time),
    days,
  );
  assert.equal(warnings.length, 0);
  // killed in the middle of its line; the next writer's line is whole nevertheless
  truncateSync(file, statSync(file).size - 100);
  assert.equal((await read())[0]?.entries.length, 19);
  await appendHistory(folder, benchmark('2026-12-01T00:00:00Z'));
  assert.equal((await read())[0]?.entries.length, 20);
  assert.equal(warnings.length, 2);
  assert.match(warnings[0] ?? '', /jsonl: line \d+ is no benchmark, and is left out/);
  await appendHistory(folder, benchmark('2026-12-01T00:00:00Z'));
  assert.equal((await read())[0]?.entries.length, 20, 'the same benchmark again');
  appendFileSync(file, '\u0000\u0001{"version":1');
  assert.equal((await read())[0]?.entries.length, 20);
});

test('a folder that cannot be written, or has no history, is refused', async (t) => {
  const folder = folderFor(t);
  const { host } = benchmark('2026-11-29T20:00:00.000Z');
  const file = path.join(folder, 'file');
  writeFileSync(file, '');
  await assert.rejects(checkHistory(file, host), { code: 'report-path' });
  await assert.rejects(checkHistory(path.join(file, 'below'), host), { code: 'report-path' });
  await checkHistory(path.join(folder, 'new', 'folder'), host);
  await assert.rejects(appendHistory(file, benchmark('2026-11-29T20:00:00.000Z')), {
    code: 'report-not-written',
  });
  const warn = (): void => undefined;
  await assert.rejects(readHistory(path.join(folder, 'no'), warn), { code: 'no-history' });
  await assert.rejects(readHistory(folder, warn), { code: 'no-history' });
});

/** A benchmark each day; from the 13th on another QEMU, which is slower. */
async function month(folder: string): Promise<void> {
  for (let day = 1; day <= 24; day++) {
    const isNew = day > 12;
    const base = benchmark(`2026-11-${String(day).padStart(2, '0')}T01:00:00.000Z`);
    const [scenario] = base.scenarios;
    assert.ok(scenario !== undefined);
    const own = madeSamples({ seed: day, pairs: 8, ratio: 1, noise: 0.03 }).flatMap((sample) =>
      sample.label === 'B'
        ? []
        : [
            {
              ...sample,
              measured: {
                ...sample.measured,
                totalMs: (sample.measured?.totalMs ?? 0) * (isNew ? 1.3 : 1),
              },
            },
          ],
    );
    const [side] = base.sides;
    assert.ok(side !== undefined);
    await appendHistory(folder, {
      ...base,
      sides: [
        { ...side, qemu: { ...side.qemu, version: isNew ? '11.1.3' : '10.0.2', package: '<b>' } },
      ],
      scenarios: [{ ...scenario, samples: own }],
    });
  }
}

test('a trend has the change of its level, and what else changed there, as text and as a page', async (t) => {
  const folder = folderFor(t);
  await month(folder);
  await appendHistory(folder, {
    ...benchmark('2026-11-30T00:00:00Z'),
    host: { ...benchmark('').host, cpu: 'other' },
  });
  const hosts = await readHistory(folder, (message) => {
    throw new Error(message);
  });
  assert.equal(hosts.length, 2);
  const text = historyLines(hosts, { threshold: 0.05, hasSparks: true }).join('\n');
  assert.match(text, /host: a processor, 4 cores: 24 benchmarks, 2026-11-01 to 2026-11-24/);
  assert.match(text, /host: other, 4 cores: 1 benchmark,/);
  assert.match(text, /^ {2}total time .* \+\d+ % +24 +[▁▂▃▄▅▆▇█]{24}$/m);
  assert.match(
    text,
    /change: total time \+(?:29|30|31) % from 2026-11-13T01:00Z on, p = 0\.001: QEMU 10\.0\.2 <b> to 11\.1\.3 <b>/,
  );
  assert.equal(text.match(/change: /g)?.length, 1);
  const html = [...historyHtmlPieces(hosts, 0.05)].join('');
  assert.match(html, /1 changes? of a level/);
  assert.match(html, /unix \(x86_64, pc-q35, tcg\): change: total time \+/);
  assert.ok(!html.includes('<b>') && !html.includes(' style='));
  assert.equal(html.match(/<script/g)?.length, 1);
  assert.doesNotMatch(
    historyLines(hosts, { threshold: 0.5, hasSparks: false }).join('\n'),
    /change: |[▁█]/,
  );
});

test('two sides of a comparison, and other parameters, are series of their own', () => {
  const names = trendGroups([entryOf(benchmark('2026-11-29T20:00:00.000Z'))], 0.05).map(
    ({ name }) => name,
  );
  const guest = 'x86_64, pc-q35, tcg';
  assert.deepEqual(names, [`unix (${guest})`, `unix (${guest}), B, max-bandwidth=180000000`]);
});

test('another architecture or machine type is another series, a new version of it is not', () => {
  const withGuest = (day: number, arch: string, machine: string): HistoryEntry => {
    const base = benchmark(`2026-11-0${day}T20:00:00.000Z`);
    return entryOf({
      ...base,
      sides: base.sides.slice(0, 1).map((side) => ({ ...side, qemu: { ...side.qemu, arch } })),
      scenarios: base.scenarios.map((result) => ({ ...result, machine })),
    });
  };
  const entries = [
    withGuest(1, 'x86_64', 'pc-q35-10.0'),
    withGuest(2, 'x86_64', 'pc-q35-11.1'),
    withGuest(3, 'i386', 'pc-q35-11.1'),
    withGuest(4, 'x86_64', 'pc-i440fx-11.1'),
    withGuest(5, 'aarch64', 'virt-10.0'),
  ];
  const { sides, ...rest } = withGuest(6, 'x86_64', 'pc-q35-10.0');
  const old = { ...rest, sides: sides.map(({ arch: _arch, ...side }) => side) };
  const read = entryFrom(JSON.stringify(old));
  assert.ok(read !== undefined, 'a line of an earlier Drover');
  assert.deepEqual(
    trendGroups([...entries, read], 0.05).map(({ name, trends }) => [
      name,
      trends[0]?.points.length,
    ]),
    [
      ['unix (x86_64, pc-q35, tcg)', 2],
      ['unix (i386, pc-q35, tcg)', 1],
      ['unix (x86_64, pc-i440fx, tcg)', 1],
      ['unix (aarch64, virt, tcg)', 1],
      ['unix (pc-q35, tcg)', 1],
    ],
  );
});
