import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sweepOutcomeKinds } from '../sweep/outcome.js';
import { countKinds } from '../sweep/text.js';
import { schemaProblems } from '../sweep/schema.fixtures.js';
import { devicesVersion } from './document.js';
import type { DevicesDocument } from './document.js';
import { resultOf } from './results.fixtures.js';

test('a document with every outcome keeps to the published schema, and nothing else does', () => {
  const results = sweepOutcomeKinds.map((kind) => resultOf(`dev-${kind}`, kind));
  const qemu = { command: 'qemu-system-x86_64', version: '10.0.0', package: '' };
  const document: DevicesDocument = {
    ...{ version: devicesVersion, drover: '0', source: qemu, destination: qemu },
    ...{ machine: 'pc-q35-10.0', known: 9, selected: 9, partial: false, results },
    summary: countKinds(results),
  };
  assert.equal(schemaProblems('devices', document), undefined);
  const { equal: _, ...incomplete } = document.summary;
  for (const wrong of [
    { ...document, version: 2 },
    { ...document, summary: incomplete },
    { ...document, more: 1 },
    { ...document, results: [{ ...resultOf('x', 'equal'), outcome: { kind: 'equal' } }] },
  ]) {
    assert.notEqual(schemaProblems('devices', wrong), undefined);
  }
});
