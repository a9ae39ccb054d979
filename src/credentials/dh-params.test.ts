import assert from 'node:assert/strict';
import { getDiffieHellman } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Scratch } from '../model/scratch.fixtures.js';
import { writeDhParams } from './dh-params.js';

const bigEndian = (value: number): number[] => [value >> 8, value & 0xff];

test('dh-params.pem is a sequence of a prime and a generator', () => {
  using scratch = new Scratch();
  const { directory } = scratch;
  writeDhParams(directory);
  const pem = readFileSync(path.join(directory, 'dh-params.pem'), 'utf8');
  const der = Buffer.from(pem.replaceAll(/-----.*-----|\n/g, ''), 'base64');
  const prime = getDiffieHellman('modp14').getPrime();
  assert.equal(prime.length, 256);
  const expected = [
    ...[0x30, 0x82, ...bigEndian(der.length - 4)],
    ...[0x02, 0x82, ...bigEndian(prime.length + 1), 0x00, ...prime],
    ...[0x02, 0x01, 0x02],
  ];
  assert.deepEqual([...der], expected);
});
