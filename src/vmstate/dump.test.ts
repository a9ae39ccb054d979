/**
 * Reading dumps of device state, and what holds for any two of them. Leaves out single kinds of
 * difference.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HarnessError } from '../model/errors.js';
import type { DeviceDifferences } from './differences.js';
import { parseDump } from './dump.js';
import { dump, field, state, withFields } from './dumps.fixtures.js';
import type { FieldJson, StateJson } from './dumps.fixtures.js';
import { compareDumps } from './two-dumps.js';

const name = fc.constantFrom('a', 'b', 'c', 'unused');
const number = fc.nat({ max: 3 });
const { made } = fc.letrec<{ made: StateJson; leaf: FieldJson; nest: FieldJson; any: FieldJson }>(
  (tie) => {
    const plain = { field: name, version_id: number, field_exists: fc.boolean(), size: number };
    return {
      leaf: fc.record({ ...plain, num: number }),
      nest: fc.record({ ...plain, Description: tie('made') }),
      any: fc.oneof({ maxDepth: 3 }, tie('leaf'), tie('nest')),
      made: fc.record({
        name,
        version_id: number,
        minimum_version_id: number,
        Fields: fc.array(tie('any'), { maxLength: 4 }),
        Subsections: fc.array(
          fc.record({
            name,
            version_id: number,
            minimum_version_id: number,
            Fields: fc.array(tie('leaf'), { maxLength: 2 }),
          }) as fc.Arbitrary<StateJson>,
          { maxLength: 2 },
        ),
      }),
    };
  },
);
const devices = fc.dictionary(fc.constantFrom('x', 'y', 'z'), made, { maxKeys: 3 });

test('a dump compared with itself has no difference', () => {
  fc.assert(
    fc.property(devices, (one) => {
      assert.deepEqual(compareDumps(dump(one), dump(one)), []);
    }),
  );
});

test('where neither order nor names change, swapping the dumps swaps the directions', () => {
  // Which of two fields moved is a matter of taste, so each field has a name of its own here, and
  // keeps its place.
  const flat = fc
    .record({
      version_id: number,
      minimum_version_id: number,
      more: fc.tuple(
        ...[1, 2, 3].map(() =>
          fc.record({ version_id: number, field_exists: fc.boolean(), size: number }),
        ),
      ),
    })
    .map(({ more, ...versions }) => ({
      ...versions,
      // one of a newer version than its device is never sent
      Fields: more.map((one, index) =>
        field(`f${index}`, { ...one, version_id: Math.min(one.version_id, versions.version_id) }),
      ),
    }));
  const severities = (found: DeviceDifferences[], isBack: boolean): string[] =>
    found.flatMap(({ differences }) =>
      differences.map(({ kind, path, forward, backward }) =>
        [
          kind.replace(/added|removed/, 'alone'),
          path,
          ...(isBack ? [backward, forward] : [forward, backward]).map(({ reason }) => reason),
        ].join(' '),
      ),
    );
  fc.assert(
    fc.property(flat, flat, (one, other) => {
      const [a, b] = [dump({ dev: state(one) }), dump({ dev: state(other) })];
      assert.deepEqual(severities(compareDumps(a, b), false), severities(compareDumps(b, a), true));
    }),
  );
});

const isRefused = (error: unknown): boolean =>
  error instanceof HarnessError && error.code === 'vmstate-dump';

test('a text that is no dump is refused with the reason', () => {
  const whole = (device: unknown): string =>
    JSON.stringify({ vmschkmachine: { Name: 'm' }, dev: { Description: device } });
  let deep: StateJson = state();
  for (let i = 0; i < 100; i++) deep = withFields(field('f', { Description: deep }));
  const bad = [
    '',
    'no JSON',
    '[]',
    '{}',
    whole({}),
    whole({ ...state(), version_id: 'x' }),
    whole({ ...state(), minimum_version_id: 1.5 }),
    whole({ ...state(), Fields: {} }),
    whole({ ...state(), Fields: [null] }),
    whole({ ...state(), Fields: [{ field: 'f', version_id: 0, size: 1e300 }] }),
    whole(deep),
    '['.repeat(1_000_000),
  ];
  for (const text of bad) assert.throws(() => parseDump(text, 'it'), isRefused, text.slice(0, 60));
});

test('any JSON is read or refused, and names such as __proto__ are names', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      try {
        parseDump(text, 'it');
      } catch (error) {
        assert.ok(isRefused(error));
      }
    }),
  );
  const text = `{"vmschkmachine":{"Name":"m"},"__proto__":{"Description":${JSON.stringify(state())}}}`;
  assert.deepEqual([...parseDump(text, 'it').devices.keys()], ['__proto__']);
});
