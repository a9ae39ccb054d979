import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../model/scratch.fixtures.js';
import { missingField, requiredFields } from './event-fields.js';
import * as fixtures from '../run.fixtures.js';

interface Definition {
  readonly properties?: { readonly type?: { readonly const?: string } };
  readonly required?: readonly string[];
}

test('the required fields of a log are those of the published schema', () => {
  const file = path.join(packageRoot, 'docs/reference/events.schema.json');
  const schema = JSON.parse(readFileSync(file, 'utf8')) as {
    readonly definitions: Readonly<Record<string, Definition>>;
  };
  const published = Object.values(schema.definitions).flatMap(({ properties, required = [] }) => {
    const type = properties?.type?.const;
    return type === undefined ? [] : [[type, [...required].sort()] as const];
  });
  const ours = Object.entries(requiredFields).map(
    ([type, fields]) => [type, [...Object.keys(fields), 'atMs', 'type'].sort()] as const,
  );
  assert.deepEqual(new Map(ours), new Map(published));
});

test('a complete event lacks nothing, and a missing field is named', () => {
  for (const event of fixtures.mixedRun) assert.equal(missingField({ ...event }), undefined);
  assert.equal(missingField({ type: 'warning' }), 'message');
  assert.equal(missingField({ type: 'warning', message: 3 }), 'message');
  assert.equal(missingField({ type: 'not-known-yet' }), undefined);
});
