import assert from 'node:assert/strict';
import { test } from 'node:test';
import { growth, mostGrowth } from '../model/growth.fixtures.js';
import { readDevice } from './description.js';
import { parsePiece } from './outline.js';
import { numberElements } from './repeated-keys.js';

const parsed = (text: string): unknown =>
  parsePiece(Buffer.from(text), { start: 0, end: Buffer.byteLength(text) });

test('keys that describe elements are numbered in their own object, others stay', () => {
  const element = (name: string): string => `"vmsd_name" : "${name}", "version": 1, "fields": []`;
  const list = `{"name": "l", "type": "qtailq", ${element('a')}, ${element('b')}, "subsections": [{${element('b/s')}}], ${element('c')}, "size": 4}`;
  const device = readDevice(parsed(`{"name": "d", "fields": [${list}]}`), 0);
  const [field] = device.structure.fields;
  assert.deepEqual(
    field?.structures.map(({ name, subsections }) => [name, subsections.length]),
    [
      ['a', 0],
      ['b', 1],
      ['c', 0],
    ],
  );
  assert.equal(field.sizeBytes, 4);
});

test('text in strings is left alone, and text that is no JSON stays none', () => {
  for (const text of [
    '{"a": "\\"vmsd_name\\": {}", "b": "}{", "c": "\\\\"}',
    '{"vmsd_name": "vmsd_name", "fields": "fields"}',
    '"vmsd_name"',
    '}}{{"vmsd_name": 1, "vmsd_name',
    '',
  ]) {
    assert.equal(numberElements(text), text);
  }
});

test('a long string costs no stack, and time as its length', () => {
  for (const piece of ['x', '\\"', '{', '"vmsd_name":0,']) {
    const grown = growth(2 ** 19, (length) => {
      const text = `{"a": "${piece.repeat(length / piece.length)}`;
      assert.ok(numberElements(text).length >= text.length);
    });
    assert.ok(grown < mostGrowth, `${piece}: ${grown} times the time for 16 times the length`);
  }
});
