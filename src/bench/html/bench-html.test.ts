/** The page of a benchmark: text of others, links, policy, access, what is missing. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import axe from 'axe-core';
import type { Browser } from 'playwright-core';
import { Scratch } from '../../model/scratch.fixtures.js';
import { openBrowser, skip, visit } from '../../report/html/browser.fixtures.js';
import { madeDocument, madeSamples } from '../bench.fixtures.js';
import type { BenchDocument } from '../document.js';
import { verdictLines } from '../verdict-lines.js';
import { benchHtmlPieces, summaryOf } from './bench-html.js';
import { hostile, madePage } from './timeline.fixtures.js';

const pageOf = (document: BenchDocument): string => [...benchHtmlPieces(document)].join('');
const migrations = [
  { transport: 'unix' },
  { transport: 'multifd', channels: 1 },
  { transport: 'multifd', channels: 4 },
  { transport: 'postcopy' },
] as const;
const whole = madePage({ migrations, pairs: 8 });
const html = pageOf(whole);

test('nothing of the text of others is markup, and no element has a style of its own', () => {
  for (const markup of ['<img', '<!--', '<b>', ' style=', ' onerror=alert(1)>']) {
    assert.ok(!html.includes(markup), markup);
  }
  assert.equal(html.match(/<script/g)?.length, 1);
  assert.equal(html.match(/<style/g)?.length, 1);
  assert.ok(html.includes('&lt;img src=x'));
});

test('what should be one of a few words is no markup either', () => {
  const [first, ...rest] = whole.scenarios;
  assert.ok(first !== undefined);
  const page = pageOf({
    ...whole,
    scenarios: [
      {
        ...first,
        machine: hostile,
        accel: hostile as 'kvm',
        samples: first.samples.map((sample) => ({
          ...sample,
          failure: sample.failure && {
            ...sample.failure,
            kind: hostile as 'failed',
            code: hostile,
          },
        })),
        comparisons: first.comparisons.map((each) => ({ ...each, verdict: hostile as 'same' })),
      },
      ...rest,
    ],
  });
  for (const markup of ['<img', '<!--', '</style><', ' onerror=alert(1)>']) {
    assert.ok(!page.includes(markup), markup);
  }
  assert.equal(page.match(/<script/g)?.length, 1);
});

test('every link leads to an element that is there, and no two elements have one id', () => {
  const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  assert.equal(new Set(ids).size, ids.length);
  const links = [...html.matchAll(/ href="#([^"]+)"/g)].map(([, id]) => id);
  assert.ok(links.length > 8 * 4 * 2);
  assert.deepEqual(
    links.filter((id) => !ids.includes(id)),
    [],
  );
  assert.doesNotMatch(html, / href="[^#]/);
});

test('each run has its figures, its failure, its evidence and the command', () => {
  const failed = html.slice(html.indexOf('id="run-1-4"'), html.indexOf('id="run-1-5"'));
  assert.match(
    failed,
    /Run 4: B, pair 2: <span class="badge failed">failed<\/span> memory-damaged/,
  );
  assert.match(failed, /<dt>evidence<\/dt><dd>\/kept\/&lt;img/);
  assert.match(failed, /<pre>drover bench --scenario/);
  const passed = html.slice(html.indexOf('id="run-2-1"'), html.indexOf('id="run-2-2"'));
  assert.match(passed, /<dt>total time<\/dt><dd>\d+ ms<\/dd>/);
  assert.match(passed, /<td>source<\/td><td>STOP<\/td>/);
});

test('a partial report says so at the top, and every drawing has a name and a unit', () => {
  assert.match(html, /<h1>drover bench \(partial\)<\/h1>/);
  assert.match(html, /<li>This report is partial: not all samples were measured\.<\/li>/);
  const drawings = [...html.matchAll(/<svg[^>]*>/g)].map(([svg]) => svg);
  assert.ok(drawings.length > 4 * 12);
  for (const svg of drawings) assert.match(svg, / role="(?:img|group)"/);
  for (const svg of drawings) assert.match(svg, / aria-label="[^"]{10,}"/);
  for (const label of ['total time (ms)', 'downtime (ms)', 'remaining (MB)', 'B against A (%)']) {
    assert.ok(html.includes(label), label);
  }
});

test('without timelines, and with one side, the page says what it leaves out', () => {
  const bare = pageOf(madePage({ migrations, pairs: 2, hasTimelines: false }));
  assert.match(
    bare,
    /<strong>Course of a migration<\/strong>: no run of this scenario has a timeline/,
  );
  assert.doesNotMatch(bare, /What the downtime consists of/);
  const samples = madeSamples({ seed: 1, pairs: 6, ratio: 1, noise: 0.02 });
  const alone = pageOf(madeDocument(samples.filter(({ label }) => label === 'A')));
  assert.match(alone, /6 migrations in 2 scenarios/);
  assert.match(alone, /unix: total time \d+ ms \[\d+ ms, \d+ ms\], median of 6 migrations/);
  assert.doesNotMatch(alone, /against A/);
  assert.match(alone, /<strong>Cost against speed<\/strong>: no sample has processor time/);
  assert.match(pageOf(madeDocument([])), /0 migrations in 2 scenarios/);
});

test('the verdict of a scenario is one line in words', () => {
  const document = madeDocument(madeSamples({ seed: 1, pairs: 12, ratio: 0.82, noise: 0.02 }));
  const [scenario] = document.scenarios;
  assert.ok(scenario !== undefined);
  const [total, downtime] = verdictLines(scenario, document).map(({ text }) => text);
  assert.match(
    total ?? '',
    /^unix: total time -1\d % \[-\d+ %, -\d+ %\], p = 0\.00\d+, 12 pairs, noise ±\d\.\d %: faster$/,
  );
  assert.match(downtime ?? '', /^unix: downtime [+-]\d\.\d % .*: same$/);
  assert.equal(summaryOf(document), 'B against A: 1 faster, 1 the same');
});

test('200 runs with timelines are a file of a few megabytes', () => {
  const { length } = pageOf(madePage({ migrations, pairs: 25 }));
  assert.ok(length < 3e6, String(length));
});

describe('the page of a benchmark is for everybody', { skip, timeout: 600_000 }, () => {
  const scratch = new Scratch();
  const file = path.join(scratch.directory, 'bench.html');
  let browser: Browser;
  before(async () => {
    writeFileSync(file, html);
    browser = await openBrowser();
  });
  after(async () => {
    await browser.close();
    scratch[Symbol.dispose]();
  });

  for (const options of [{}, { colorScheme: 'dark', width: 390 }] as const) {
    test(`axe finds nothing wrong: ${JSON.stringify(options)}`, async () => {
      const { page, requests, complaints } = await visit(browser, file, options);
      await page.evaluate(
        "document.querySelectorAll('details').forEach((each) => (each.open = true))",
      );
      await page.evaluate(axe.source);
      const found = await page.evaluate<axe.AxeResults>("axe.run({ resultTypes: ['violations'] })");
      const wrong = found.violations.map(
        ({ id, impact, nodes }) => `${impact ?? ''} ${id}: ${nodes[0]?.html ?? ''}`,
      );
      assert.deepEqual([wrong, requests, complaints], [[], [], []]);
      await page.close();
    });
  }

  test('a narrow screen needs no scrolling to the side', async () => {
    const { page } = await visit(browser, file, { width: 360 });
    assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 360);
    await page.close();
  });

  test('a point leads to its run, which opens; the theme can be chosen', async () => {
    const { page, complaints } = await visit(browser, file);
    const isOpen = `document.getElementById('run-1-3').parentElement.open`;
    assert.equal(await page.evaluate(isOpen), false);
    await page.locator('a[href="#run-1-3"]').first().press('Enter');
    await page.waitForFunction(isOpen);
    const button = page.getByRole('button', { name: 'Dark theme' });
    await button.click();
    assert.equal(await button.getAttribute('aria-pressed'), 'true');
    assert.deepEqual(complaints, []);
    await page.close();
  });
});
