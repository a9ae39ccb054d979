import assert from 'node:assert/strict';
import { test } from 'node:test';
import { devicesVersion } from '../../devices/document.js';
import type { DevicesDocument } from '../../devices/document.js';
import { sweepOutcomeKinds } from '../../sweep/outcome.js';
import { resultOf } from '../../devices/results.fixtures.js';
import { differenceIn } from '../../sweep/results.fixtures.js';
import { countKinds } from '../../sweep/text.js';
import { devicesHtmlPieces } from './devices-html.js';

const qemu = { command: 'qemu-system-x86_64', version: '10.0.2', package: '<b>' };
const results = [
  ...sweepOutcomeKinds.map((kind) => resultOf(`dev-${kind}`, kind)),
  resultOf('hostile', 'differs', [differenceIn('<script>', 'f', '"&<img src=x>')]),
];
const document: DevicesDocument = {
  ...{ version: devicesVersion, drover: '0', machine: 'pc-q35-10.0', partial: false, results },
  ...{ source: qemu, destination: qemu, known: 9, selected: results.length },
  summary: countKinds(results),
};

test('the page has a row and a section for each device, and loads nothing', () => {
  const page = [...devicesHtmlPieces(document)].join('');
  for (const { device } of results) {
    assert.ok(page.includes(`<a href="#of-${device}">`), device);
    assert.ok(page.includes(`<section id="of-${device}">`), device);
  }
  for (const pattern of [/<script/i, /<img/i, /<link/i, /https?:/i, /<b>/]) {
    assert.doesNotMatch(page, pattern);
  }
  assert.ok(page.endsWith('</body></html>\n'));
  assert.doesNotMatch(page, /Changes since the baseline/);
});

test('with a baseline the changes come first', () => {
  const change = { name: 'dev-equal', before: 'differs', now: 'equal', isWorse: false } as const;
  const page = [
    ...devicesHtmlPieces(document, [{ ...change, more: [], fewer: [], less: [] }]),
  ].join('');
  assert.match(page, /Changes since the baseline[^]*dev-equal {2}differs -&gt; equal[^]*<caption>/);
});
