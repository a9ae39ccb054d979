import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { guestContract } from './contract.js';

const header = readFileSync(new URL('../../guest/contract.h', import.meta.url), 'utf8');

/** `blockMagicLow` as the header spells it; a digit sticks to the letters before it. */
function headerName(name: string): string {
  return `GUEST_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

test('the host and the guest sources hold the same numbers under the same names', () => {
  const inHeader = [...header.matchAll(/^#define (GUEST_\w+) (\w+)$/gm)].map(
    ([, name, value]): [string, number] => [name ?? '', Number(value)],
  );
  const inHost = Object.entries(guestContract).map(([name, value]): [string, number] => [
    headerName(name),
    value,
  ]);
  assert.deepEqual(inHost, inHeader);
});

test('every definition of the header is a plain number, so that the assembler gets it too', () => {
  const defined = header.split('\n').filter((line) => line.startsWith('#define GUEST_'));
  assert.ok(defined.length > 20);
  for (const line of defined) assert.match(line, /^#define GUEST_[A-Z0-9_]+ (0x[0-9a-f]+|[0-9]+)$/);
});

test('the magic number spells DROVERG1', () => {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(guestContract.blockMagicLow, 0);
  bytes.writeUInt32LE(guestContract.blockMagicHigh, 4);
  assert.equal(bytes.toString('latin1'), 'DROVERG1');
});
