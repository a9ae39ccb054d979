import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDevice } from './description.js';
import { DescriptionError, outlineOf, parsePiece } from './outline.js';

const outline = (text: string): ReturnType<typeof outlineOf> => outlineOf(Buffer.from(text));

test('devices are found without parsing what is in them', () => {
  const text = Buffer.from(
    ' {"page_size": 4096, "configuration": {"a": 1}, "devices": [ {"name": "x\\"]}"}, {"name": "y", "fields": [[], {}]} ] } ',
  );
  const found = outlineOf(text);
  assert.equal(found.pageBytes, 4096);
  assert.deepEqual(parsePiece(text, found.configuration!), { a: 1 });
  assert.deepEqual(
    found.devices.map((piece) => parsePiece(text, piece)),
    [{ name: 'x"]}' }, { name: 'y', fields: [[], {}] }],
  );
});

test('a description without devices, or an empty one, is valid', () => {
  assert.deepEqual(outline('{}').devices, []);
  assert.deepEqual(outline('{"devices":[]}').devices, []);
});

test('text that is no such description is refused with its position', () => {
  const bad: readonly (readonly [string, number])[] = [
    ['', 0],
    ['[]', 0],
    ['{"a"', 4],
    ['{"a":1', 6],
    ['{"a":"x', 7],
    ['{"devices": {}}', 12],
    ['{"devices": [{} {}]}', 16],
    ['{} x', 3],
    ['{"a":"\\', 7],
  ];
  for (const [text, offset] of bad) {
    assert.throws(
      () => outline(text),
      (error: unknown) => error instanceof DescriptionError && error.offset === offset,
      text,
    );
  }
});

test('nesting has a limit, and reaching it costs no stack', () => {
  const deep = (depth: number): string => `{"devices":[${'['.repeat(depth)}${']'.repeat(depth)}]}`;
  assert.equal(outline(deep(60)).devices.length, 1);
  assert.throws(() => outline(deep(1_000_000)), /nested more than 64 deep/);
});

test('a device whose numbers are no counts is refused', () => {
  for (const size of [-1, 1.5, 2 ** 33, '4', null]) {
    const json = { name: 'x', fields: [{ name: 'f', type: 'uint8', size }] };
    assert.throws(() => readDevice(json, 0), /x, field f: size is .*, not a count/);
  }
  assert.throws(() => readDevice({ fields: [] }, 0), /has no name/);
  assert.throws(() => readDevice([], 0), /not described by an object/);
  assert.throws(() => parsePiece(Buffer.from('{"a":}'), { start: 0, end: 6 }), /is not JSON here/);
});
