/** `drover prove`: what it refuses, counts and reports. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Scratch } from '../../model/scratch.fixtures.js';
import type { ProveDocument } from '../../prove/document.js';
import { realQemu } from '../../qemu/qemus.fixtures.js';
import { cleanEnd, drover, testRefusal } from '../process/drover.fixtures.js';

const usual = realQemu('10.0');
const old = realQemu('7.2');
const optionsFor = (command: string): string[] => ['prove', '--qemu', command, '--accel', 'tcg'];

for (const refusal of [
  ['an unknown recording', ['--recording', 'postcopy'], /precopy, multifd, mapped-ram/],
  ['no mutants', ['--mutants', '0'], /expected a whole number/],
  ['a stamp that is none', ['--stamp', 'long'], /byte, wide, page/],
  ['a document below no folder', ['--json', '/nowhere/a.json'], /\/nowhere/],
] as const) {
  testRefusal(optionsFor(usual.command), refusal, usual.skip);
}

// This QEMU has no mapped-ram.
testRefusal(
  optionsFor(old.command),
  ['recordings that the QEMU cannot do', ['--recording', 'mapped-ram'], /precopy works with all/],
  old.skip,
);

test(
  'a sample of all damage is found, and the score is in the document',
  { skip: usual.skip },
  async () => {
    using scratch = new Scratch();
    const json = path.join(scratch.directory, 'prove.json');
    const sample = ['--mutants', '1', '--fields', '4', '--count', '7'];
    const ran = await drover([...optionsFor(usual.command), ...sample, '--json', json], scratch);
    cleanEnd(ran, scratch, 0);
    const { results, score, selected, partial, recordings } = JSON.parse(
      readFileSync(json, 'utf8'),
    ) as ProveDocument;
    assert.deepEqual(recordings, ['precopy', 'multifd', 'mapped-ram']);
    assert.deepEqual([results.length, selected, partial], [21, 21, false]);
    assert.deepEqual([score.fates.survived, score.fates.broken], [0, 0], ran.stdout);
    assert.equal(score.levels.exact.found, score.levels.exact.of);
    // A bit beyond the stamp, a ROM, device state: the guest's stamps do not show them.
    assert.ok(score.levels.stamps.found < score.levels.exact.found, ran.stdout);
    assert.match(ran.stdout, /--arrival both +(\d+) of \1, 100\.0 %/);
  },
);

test(
  'what nobody finds is listed with the reason, and fails the command',
  { skip: old.skip },
  async () => {
    using scratch = new Scratch();
    // This QEMU does not say where the memory of devices lies.
    const sample = ['--recording', 'precopy', '--mutants', '1', '--fields', '1', '--count', '12'];
    const ran = await drover([...optionsFor(old.command), ...sample], scratch);
    cleanEnd(ran, scratch, 1);
    assert.match(ran.stdout, /^SURVIVED {2}precopy, device, /m);
    assert.match(
      ran.stdout,
      /no check found: \d+\n {2}precopy, device, .*\n {4}RAM block .*: this QEMU does not say where it lies/,
    );
  },
);
