import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decoded, field, plain } from './decode.fixtures.js';

test('a row of elements without bytes costs no more than the section is long', () => {
  const empty = { vmsd_name: 'q', version: 1, fields: [] };
  const found = decoded(
    [field('a', 'struct', 0, { array_len: 100_000_000, struct: empty })],
    '01020304',
  );
  assert.equal(found.whole, false);
  assert.match(JSON.stringify(found.remarks), /more than 528 values in one section/);
});

test('every kind of integer is read in network order, 64 bits as text', () => {
  const found = decoded(
    [
      field('a', 'uint8', 1),
      field('b', 'uint16', 2),
      field('c', 'uint32 equal', 4),
      field('d', 'uint64', 8),
      field('e', 'int8', 1),
      field('f', 'int16', 2),
      field('g', 'int32 le', 4),
      field('h', 'int64', 8),
    ],
    'ff 0102 ffffffff 8000000000000001 ff fffe fffffffd fffffffffffffffc',
  );
  assert.deepEqual(plain(found), {
    a: 255,
    b: 258,
    c: 4294967295,
    d: '0x8000000000000001',
    e: -1,
    f: -2,
    g: -3,
    h: '-4',
  });
  assert.deepEqual([found.whole, found.remarks], [true, []]);
});

test('other types are shown as values, unknown ones as bytes', () => {
  const found = decoded(
    [
      field('yes', 'bool', 1),
      field('odd', 'bool', 1),
      field('off', 'timer', 8),
      field('soon', 'timer', 8),
      field('map', 'bitmap', 16),
      field('gone', 'nullptr', 1),
      field('rows', 'buffer', 3),
      field('new', 'uint24', 3),
      field('wrong', 'uint32', 3),
      field('row', 'uint8', 1, { array_len: 4 }),
    ],
    `01 02 ffffffffffffffff 0000000000000064 800000000000000f 0000000000000002
     30 010203 040506 070809 0a0b0c0d`.replaceAll('\n', ''),
  );
  assert.deepEqual(plain(found), {
    yes: true,
    odd: '02',
    off: 'not armed',
    soon: '100 ns',
    map: { bits: 128, set: '0-3,63,65' },
    gone: null,
    rows: '010203',
    new: '040506',
    wrong: '070809',
    row: '0a0b0c0d',
  });
});

test('structures, arrays in one piece or several, and subsections nest', () => {
  const point = { vmsd_name: 'point', version: 1, fields: [field('x', 'uint8', 1)] };
  const found = decoded(
    [
      field('one', 'struct', 1, { struct: point }),
      field('list', 'struct', 1, { array_len: 2, struct: point }),
      field('parts', 'struct', 1, { index: 0, struct: point }),
      field('parts', 'nullptr', 1, { index: 1, array_len: 2 }),
      field('parts', 'struct', 1, { index: 3, struct: point }),
      field('scratch', 'tmp', 2, { vmsd_name: 'scratch', fields: [field('y', 'uint16', 2)] }),
    ],
    '01 02 03 04 30 30 05 0006 05 05 64 2f 73 75 62 00000001 07',
    {
      vmsd_name: 'd',
      subsections: [{ vmsd_name: 'd/sub', version: 1, fields: [field('z', 'uint8', 1)] }],
    },
  );
  assert.deepEqual(plain(found), {
    one: { x: 1 },
    list: [{ x: 2 }, { x: 3 }],
    parts: [{ x: 4 }, null, null, { x: 5 }],
    scratch: { y: 6 },
    'd/sub': { z: 7 },
  });
  assert.deepEqual([found.whole, found.remarks], [true, []]);
});

test('a very long row of values stays bytes', () => {
  const count = 20_000;
  const found = decoded([field('table', 'uint16', 2, { array_len: count })], '0102'.repeat(count));
  assert.deepEqual(plain(found), { table: { type: 'uint16', count, bytes: '0102'.repeat(count) } });
  assert.equal(found.whole, true);
});

test('names that repeat, or that JavaScript has plans for, stay apart', () => {
  const found = decoded(
    [
      field('unused', 'uint8', 1),
      field('unused', 'uint8', 1),
      field('__proto__', 'uint8', 1),
      field('constructor', 'uint8', 1),
      field('list', 'uint16', 2, { index: 0 }),
      field('list', 'uint16', 2, { index: 1 }),
      field('list', 'uint16', 2, { index: 0 }),
      field('list', 'uint16', 2, { index: 1 }),
    ],
    '01 02 03 04 0001 0002 0003 0004',
  );
  assert.equal(
    JSON.stringify(found.state),
    '{"unused":1,"unused (2)":2,"__proto__":3,"constructor":4,"list":[1,2],"list (2)":[3,4]}',
  );
});

test('bytes that no field describes are shown, with a remark', () => {
  const found = decoded([field('a', 'uint8', 1)], '01 02 03');
  assert.deepEqual(plain(found), { a: 1, '(not described)': '0203' });
  assert.equal(found.whole, false);
  assert.deepEqual(found.remarks, [{ offset: 1, text: '2 bytes are not described' }]);
});

test('a subsection that is described but not there ends the decoding where it should be', () => {
  const found = decoded([field('a', 'uint8', 1)], '01 05 01 78 00000001', {
    subsections: [{ vmsd_name: 'd/sub', version: 1, fields: [] }],
  });
  assert.equal(found.whole, false);
  assert.deepEqual(found.remarks, [
    { offset: 1, text: "subsection d/sub is described, but there is 'x'" },
  ]);
});

test('a size that does not fit the content gives a remark, and the bytes still decode', () => {
  const point = { vmsd_name: 'point', version: 1, fields: [field('x', 'uint8', 1)] };
  const found = decoded([field('p', 'struct', 272, { struct: point })], '01');
  assert.deepEqual(plain(found), { p: { x: 1 } });
  assert.equal(found.whole, true);
  assert.equal(found.remarks[0]?.text, 'the description gives p 272 bytes, the stream has 1');
});

test('absurd counts and sizes cost nothing', () => {
  const empty = { vmsd_name: 'empty', version: 1, fields: [] };
  const hostile: readonly (readonly unknown[])[] = [
    [field('a', 'uint32', 4, { array_len: 0xffffffff })],
    [field('a', 'uint8', 0xffffffff)],
    [field('a', 'struct', 0, { array_len: 0xffffffff, struct: empty })],
    [field('a', 'buffer', 0, { array_len: 0xffffffff })],
    [field('a', 'struct', 0, { array_len: 600_000, struct: empty })],
    [
      field('a', 'struct', 0, {
        array_len: 0xffff,
        struct: {
          vmsd_name: 's',
          fields: [field('b', 'struct', 0, { array_len: 0xffff, struct: empty })],
        },
      }),
    ],
    [field('a', 'uint16', 2, { index: 7 })],
  ];
  for (const fields of hostile) {
    const found = decoded(fields, '0102');
    assert.equal(found.whole, false);
    assert.equal(found.remarks.length > 0, true);
  }
});
