import assert from 'node:assert/strict';
import { test } from 'node:test';
import { devicesSchemaProblems } from './devices-schema.fixtures.js';
import { devicesVersion } from './document.js';
import type { DeviceResult, DevicesDocument } from './document.js';
import { deviceOutcomeKinds } from './outcome.js';
import { differenceIn, resultOf } from './results.fixtures.js';
import { changeLines, countKinds, evidenceOf, resultLines, summaryLine } from './text.js';

function documentOf(results: readonly DeviceResult[], selected = results.length): DevicesDocument {
  const qemu = { command: 'qemu-system-x86_64', version: '10.0.2', package: '' };
  return {
    ...{
      version: devicesVersion,
      drover: '0',
      machine: 'pc-q35-10.0',
      known: 9,
      selected,
      results,
    },
    ...{ source: qemu, destination: qemu, partial: results.length < selected },
    summary: countKinds(results),
  };
}

test('a device is one line, and a fault has its evidence below', () => {
  for (const kind of deviceOutcomeKinds) {
    const [head = '', ...below] = resultLines(resultOf('some-dev', kind));
    assert.match(head, /^[A-Za-z ]+ {2}some-dev {2}\S/, kind);
    const isQuiet = ['equal', 'cannot-start', 'not-migratable'].includes(kind);
    assert.equal(below.length > 0, !isQuiet, kind);
    for (const line of below) assert.match(line, /^ {4}\S/);
  }
  assert.match(resultLines(resultOf('nic', 'cannot-start'))[0] ?? '', /words of cannot-start$/);
});

test('many differences are cut on the console only, and what is printed has no control characters', () => {
  const many = Array.from({ length: 9 }, (_, index) =>
    differenceIn('dev', `f${index}`, '\u001b[2J'),
  );
  const result = resultOf('dev', 'differs', many);
  const lines = resultLines(result);
  assert.equal(lines.length, 1 + 6 + 1);
  assert.equal(lines.at(-1), '    and 3 more lines');
  assert.ok(!lines.join('').includes('\u001b'));
  assert.equal(evidenceOf(result.outcome).lines.length, 9);
});

test('the summary counts what is there, and says when that is not all', () => {
  const results = [resultOf('a', 'equal'), resultOf('b', 'equal'), resultOf('c', 'crashed')];
  assert.equal(summaryLine(documentOf(results)), '3 devices: 2 equal, 1 crashed');
  assert.equal(summaryLine(documentOf(results, 7)), 'partial, 3 of 7 devices: 2 equal, 1 crashed');
  assert.equal(summaryLine(documentOf([], 7)), 'partial, 0 of 7 devices');
});

test('changes for the worse come first', () => {
  assert.deepEqual(changeLines([]), ['no change since the baseline']);
  const none = { more: [], fewer: [], less: [] };
  const lines = changeLines([
    { device: 'a', before: 'differs', now: 'equal', isWorse: false, ...none },
    { device: 'b', before: 'equal', isWorse: true, ...none },
    { device: 'c', now: 'equal', isWorse: false, ...none, more: [differenceIn('dev', 'f', '1')] },
    {
      ...{ device: 'd', before: 'equal', now: 'equal', isWorse: false, ...none },
      less: ['30 sections compared, 31 before'],
    },
  ]);
  assert.match(lines[0] ?? '', /^WORSE +b {2}equal -> gone$/);
  assert.match(lines[1] ?? '', /^changed +a {2}differs -> equal$/);
  assert.match(lines[2] ?? '', /^changed +c {2}not there -> equal$/);
  assert.match(lines[3] ?? '', /^ {4}new: dev: f is 1/);
  assert.equal(lines[5], '    30 sections compared, 31 before');
});

test('a document with every outcome keeps to the published schema, and nothing else does', () => {
  const document = documentOf(deviceOutcomeKinds.map((kind) => resultOf(`dev-${kind}`, kind)));
  assert.equal(devicesSchemaProblems(document), undefined);
  const { equal: _, ...incomplete } = document.summary;
  for (const wrong of [
    { ...document, version: 2 },
    { ...document, summary: incomplete },
    { ...document, more: 1 },
    { ...document, results: [{ ...resultOf('x', 'equal'), outcome: { kind: 'equal' } }] },
  ]) {
    assert.notEqual(devicesSchemaProblems(wrong), undefined);
  }
});
