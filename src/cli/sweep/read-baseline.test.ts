import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { resultOf } from '../../devices/results.fixtures.js';
import { HarnessError } from '../../model/errors.js';
import { folderFor } from '../../model/scratch.fixtures.js';
import { devicesVersion } from '../../devices/document.js';
import type { DevicesDocument } from '../../devices/document.js';
import { readBaseline } from './read-baseline.js';

const kind = {
  ...{ command: 'devices', version: devicesVersion, members: ['machine'], ofResult: ['device'] },
};
const read = (file: string): DevicesDocument => readBaseline(file, kind) as DevicesDocument;
const results = [resultOf('a', 'equal'), resultOf('b', 'differs'), resultOf('c', 'crashed')];
const good = { version: 1, machine: 'pc', partial: false, results };

test('what a run wrote is read as it was, with members of later versions', (t) => {
  const file = path.join(folderFor(t), 'baseline.json');
  writeFileSync(file, JSON.stringify({ ...good, later: 1 }));
  assert.deepEqual(read(file).results, results);
});

const bad: readonly (readonly [what: string, text: string, message: RegExp])[] = [
  ['no JSON', '{', /it is no JSON/],
  ['another document', '{"vmstate":1}', /version/],
  ['a later version', JSON.stringify({ ...good, version: 2 }), /version/],
  [
    'an unknown outcome',
    JSON.stringify({ ...good, results: [{ device: 'a', outcome: { kind: 'fine' } }] }),
    /results\.0\.outcome/,
  ],
  [
    'an equal that does not say what was compared',
    JSON.stringify({ ...good, results: [{ device: 'a', outcome: { kind: 'equal', blocks: 1 } }] }),
    /results\.0\.outcome\.sections/,
  ],
  [
    'differences of another shape',
    JSON.stringify({
      ...good,
      results: [{ device: 'a', outcome: { kind: 'differs', differences: [1] } }],
    }),
    /results\.0\.outcome\.differences\.0/,
  ],
];

for (const [what, text, message] of bad) {
  test(`${what} is refused, with the file and what was expected`, (t) => {
    const file = path.join(folderFor(t), 'baseline.json');
    writeFileSync(file, text);
    assert.throws(
      () => read(file),
      (error) => {
        assert.ok(error instanceof HarnessError && error.blame === 'usage');
        assert.match(error.message, message);
        assert.ok(error.message.includes(file) && error.message.includes('drover devices --json'));
        return true;
      },
    );
  });
}

test('a file that is not there is refused', () => {
  assert.throws(() => read('/nowhere/b.json'), /\/nowhere\/b\.json: no such file/);
});
