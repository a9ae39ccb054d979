import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { pathProblem } from './safe-path.js';

test('names of evidence are accepted', () => {
  for (const name of ['test.json', 'source.qmp.jsonl', 'ram/dump 1.bin', 'ä.txt', '...']) {
    assert.equal(pathProblem(name), undefined, name);
  }
});

test('a name that climbs out, or is no name, is refused with its reason', () => {
  const wrong: Record<string, RegExp> = {
    '': /0 characters/,
    '/etc/passwd': /absolute/,
    '../x': /'\.\.'/,
    'a/../../x': /'\.\.'/,
    'a//b': /empty/,
    './a': /'\.'/,
    'a\0b': /control character/,
    'a\nb': /control character/,
    'a\\..\\b': /backslash/,
    'a/b/c/d/e/f/g/h/i': /folders deep/,
  };
  for (const [name, reason] of Object.entries(wrong)) assert.match(pathProblem(name) ?? '', reason);
});

test('whatever is accepted stays below its folder', () => {
  const part = fc.constantFrom('..', '.', '', 'a', '/', '\\', '..\0', 'b..');
  fc.assert(
    fc.property(fc.array(part, { maxLength: 10 }), (parts) => {
      const name = parts.join('/');
      if (pathProblem(name) !== undefined) return;
      assert.ok(path.resolve('/base', name).startsWith('/base/'), name);
    }),
  );
});
