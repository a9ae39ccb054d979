import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSourcesFault, outcomeOfDeparture } from './departure.js';
import type { Departure } from './departure.js';

function kindOf(own: Partial<Departure>): string {
  const usual: Departure = {
    ...{ side: 'source', code: 1, signal: null, wasUp: true, during: 'migration' },
    ...{ message: 'the QEMU ended', words: ['words'] },
  };
  const outcome = outcomeOfDeparture({ ...usual, ...own });
  const { kind } = outcome;
  return 'during' in outcome && 'side' in outcome
    ? `${kind} ${outcome.side} ${outcome.during}`
    : kind;
}

const rows: readonly (readonly [what: string, own: Partial<Departure>, expected: string])[] = [
  ['a source that does not start', { wasUp: false, during: 'start' }, 'cannot-start'],
  [
    'a source that was there and ends while the destination starts',
    { during: 'start' },
    'crashed source start',
  ],
  [
    'a destination that ends at its start while the source gets values',
    { side: 'destination', wasUp: false, during: 'telling-values' },
    'refused destination start',
  ],
  ['a destination that does not load', { side: 'destination' }, 'refused destination migration'],
  [
    'a destination that ends while both are compared',
    { side: 'destination', during: 'comparison' },
    'crashed destination comparison',
  ],
  [
    'a signal of its own',
    { side: 'destination', code: null, signal: 'SIGABRT' },
    'crashed destination migration',
  ],
  [
    'a signal at the start',
    { code: null, signal: 'SIGSEGV', wasUp: false, during: 'start' },
    'crashed source start',
  ],
  ['a kernel without memory', { code: null, signal: 'SIGKILL' }, 'broken'],
  ['a user', { side: 'destination', code: null, signal: 'SIGTERM' }, 'broken'],
  [
    'a host without memory',
    { wasUp: false, words: ["cannot set up guest memory 'pc.ram': Cannot allocate memory"] },
    'broken',
  ],
  [
    'a wrapper in shell, whose QEMU was ended by SIGSEGV',
    { code: 139, wasUp: false, during: 'start' },
    'crashed source start',
  ],
  [
    'a sanitizer at the start',
    { wasUp: false, during: 'start', words: ['SUMMARY: AddressSanitizer: heap-use-after-free'] },
    'crashed source start',
  ],
];

for (const [what, own, expected] of rows) {
  test(`a QEMU ended by ${what}: ${expected}`, () => {
    assert.equal(kindOf(own), expected);
  });
}

test('a source that could not save its state is not taken for a destination that refuses', () => {
  for (const why of ['Pre-save of device failed: -22', 'Failed to save section edu']) {
    assert.ok(isSourcesFault(why), why);
  }
  for (const why of [
    undefined,
    '',
    'Unable to write to socket: Broken pipe',
    'Unable to write to socket: Connection reset by peer',
    'Channel error: Input/output error',
  ]) {
    assert.ok(!isSourcesFault(why), why);
  }
});
