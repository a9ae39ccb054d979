import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sweepOutcomeKinds } from '../sweep/outcome.js';
import { outcomeOfKind } from '../sweep/results.fixtures.js';
import { schemaProblems } from '../sweep/schema.fixtures.js';
import { countKinds } from '../sweep/text.js';
import { machinesVersion } from './document.js';
import type { MachineResult, MachinesDocument } from './document.js';

test('a document with every outcome keeps to the published schema, and nothing else does', () => {
  const results = sweepOutcomeKinds.map((kind): MachineResult => ({
    ...{ target: 'sparc', machine: `SS-${kind}`, mode: 'stopped', durationMs: 9 },
    arguments: ['-nodefaults'],
    ram: [{ block: 'sun4m.ram', address: 0, size: 2 ** 27, offset: 0 }],
    outcome: outcomeOfKind(kind),
  }));
  const qemu = { command: '/usr/bin', version: '10.0.0', package: '' };
  const document: MachinesDocument = {
    ...{ version: machinesVersion, drover: '0', source: qemu, destination: qemu, partial: false },
    ...{ targets: ['sparc'], onlyAtSource: [], selected: 9, results, summary: countKinds(results) },
  };
  assert.equal(schemaProblems('machines', document), undefined);
  for (const wrong of [
    { ...document, version: 2 },
    { ...document, more: 1 },
    { ...document, results: [{ ...results[0], mode: 'suspended' }] },
  ]) {
    assert.notEqual(schemaProblems('machines', wrong), undefined);
  }
});
