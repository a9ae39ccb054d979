import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decoded, field, plain } from './decode.fixtures.js';
import { elementKey } from './repeated-keys.js';

/**
 * A field as QEMU describes a list: the keys that describe an element repeat. `elements` are lists
 * of fields.
 */
function listed(type: string, size: number, ...elements: readonly (readonly object[])[]): object {
  const members = elements.map((fields, index) => [
    [elementKey('vmsd_name', index + 1), 'e'],
    [elementKey('fields', index + 1), fields],
  ]);
  return field('list', type, size, Object.fromEntries(members.flat()) as object);
}
const byteNamed = (name: string): object[] => [field(name, 'uint8', 1)];

test('a list has a marker before each element, and each element its own description', () => {
  for (const type of ['qtailq', 'qlist']) {
    const sub = { vmsd_name: 'e/sub', version: 1, fields: byteNamed('y') };
    const list = { ...listed(type, 18, byteNamed('x'), [field('name', 'buffer', 2)]) };
    const found = decoded(
      [{ ...list, 'subsections#2': [sub] }, field('none', type, 1), field('z', 'uint8', 1)],
      '01 05 01 0102 05 05 652f737562 00000001 07 00   00   08'.replaceAll(' ', ''),
    );
    const two = { name: '0102', 'e/sub': { y: 7 } };
    assert.deepEqual(plain(found), { list: [{ x: 5 }, two], none: [], z: 8 });
    assert.deepEqual([found.whole, found.remarks], [true, []]);
  }
});

test('lists nest', () => {
  const inner = listed('qtailq', 5, byteNamed('a'), byteNamed('b'));
  const found = decoded(
    [listed('qtailq', 9, [inner], [listed('qlist', 1)])],
    '01 0101010200 01 00 00',
  );
  assert.deepEqual(plain(found), { list: [{ list: [{ a: 1 }, { b: 2 }] }, { list: [] }] });
  assert.deepEqual([found.whole, found.remarks], [true, []]);
});

test('a node of a tree has a described key, or a number', () => {
  const numbers = decoded(
    [listed('gtree', 25, byteNamed('v'), byteNamed('v'))],
    '00000002 01 0000000000000007 0a 01 0000000000000008 0b 00',
  );
  const nodes = ['07', '08'].map((key, index) => ({
    key: `0x00000000000000${key}`,
    value: { v: 10 + index },
  }));
  assert.deepEqual(plain(numbers), { list: nodes });
  const described = decoded(
    [listed('gtree', 8, byteNamed('k'), byteNamed('v'))],
    '00000001 01 07 0a 00',
  );
  assert.deepEqual(plain(described), { list: [{ key: { k: 7 }, value: { v: 10 } }] });
  assert.deepEqual(plain(decoded([listed('gtree', 5)], '00000000 00')), { list: [] });
});

test('a list that is not what its description says is shown as bytes, and the rest still decodes', () => {
  const cases: readonly (readonly [string, object, string, RegExp])[] = [
    [
      'a marker that is none',
      listed('qtailq', 5, byteNamed('x'), byteNamed('x')),
      '0105020600',
      /a marker is 2, and 1 is/,
    ],
    [
      'an element too many',
      listed('qtailq', 5, byteNamed('x')),
      '0105010600',
      /a marker is 1, and 0 is/,
    ],
    ['no end', listed('qtailq', 2, byteNamed('x')), '0105', /a marker is 153, and 0 is/],
    [
      'an element too few',
      listed('qtailq', 3, byteNamed('x'), byteNamed('x')),
      '010500',
      /a marker is 0, and 1 is/,
    ],
    ['elements without a description', listed('qlist', 3), '010500', /a marker is 1, and 0 is/],
    ['a wrong length', listed('qlist', 4, byteNamed('x')), '01050000', /4 bytes, the stream has 3/],
    [
      'an element that is wrong inside',
      listed('qtailq', 4, [listed('qtailq', 9)]),
      '01010000',
      /the description gives \w+ 9 bytes/,
    ],
    [
      'a count that is not described',
      listed('gtree', 8, byteNamed('v')),
      'ffffffff01070a00',
      /4294967295 nodes, and 1 are/,
    ],
    [
      'an unknown container',
      field('list', 'ring', 2, { fields: byteNamed('x') }),
      '0105',
      /gives it 2 bytes, the stream has 1/,
    ],
  ];
  for (const [what, list, bytes, why] of cases) {
    const found = decoded([list, field('next', 'uint8', 1)], `${bytes} 99`);
    assert.deepEqual(plain(found), { list: bytes, next: 0x99 }, what);
    assert.equal(found.whole, false, what);
    assert.match(found.remarks[0]?.text ?? '', why, what);
    assert.match(found.remarks[0]?.text ?? '', /^list is shown as bytes: /, what);
  }
});

test('a list that the section cuts short is not decoded', () => {
  const found = decoded([listed('qtailq', 5, byteNamed('x'), byteNamed('x'))], '01 05 01');
  assert.deepEqual(plain(found), { '(not described)': '010501' });
  assert.deepEqual(
    [found.whole, found.remarks[0]?.text],
    [false, 'the description gives list 5 bytes, 3 are left'],
  );
});
