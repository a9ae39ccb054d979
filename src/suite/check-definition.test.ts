/**
 * The check of definitions that others wrote: all of Drover's own pass it, and each mistake is
 * named.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { definitionFaults } from './check-definition.js';
import { fileTest, migrationTest, postcopyTest, precopyTest } from './definition.js';
import { allTests } from './registry.js';

const good = { path: '/own/a', level: 'smoke', listen: 'tcp:0' } as const;

/** as JavaScript would write it */
function faultsOf(more: Record<string, unknown>): string[] {
  return definitionFaults(precopyTest({ ...good, ...more }));
}

test("nothing is wrong with Drover's own tests", () => {
  assert.ok(allTests.length > 80);
  for (const each of allTests) assert.deepEqual(definitionFaults(each), [], each.path);
});

for (const [field, value, expected] of [
  ['path', 'own/a', /^path: expected a path such as .*, not "own\/a"$/],
  ['path', '/own/../a', /^path: expected a path such as/],
  ['path', '/own/a b', /^path: expected a path such as/],
  ['path', '/alone/', /^path: expected .* names made of letters/],
  ['path', '/x86_64/own/a', /^path: expected a path without the architecture/],
  ['path', `/own/${'a'.repeat(200)}`, /^path: expected at most 180 characters/],
  ['level', 'smok', /^level: expected "smoke" or "full" or "thorough" or "flaky", not "smok"$/],
  ['arches', ['arm'], /^arches\.0: expected "x86_64" or "i386" or .*, not "arm"$/],
  ['needs', [{ kind: 'capability', name: 'x' }], /^needs\.0\.since: missing$/],
  ['needs', [{ kind: 'magic' }], /^needs\.0\.kind: expected "capability" or .*, not "magic"$/],
  ['listen', undefined, /^listen: expected a string, not undefined$/],
  ['writtenHook', () => undefined, /^writtenHook: only fileTest uses it$/],
  ['live', 'yes', /^live: expected a boolean, not "yes"$/],
  ['iterations', 1.5, /^iterations: expected a whole number of at least 1, not 1.5$/],
  ['iterations', 2, /^iterations: only precopyTest uses it, with live: true$/],
  ['startHook', 'run', /^startHook: expected a function, not "run"$/],
  ['expect', { kind: 'fails', throughActive: true }, /^expect\.destination: missing$/],
  ['connect', 3n, /^connect: expected a string, not 3n$/],
  ['arches', { x86_64: [[1]] }, /^arches: expected an array, not \{ x86_64: \[ \[Array\] \] \}$/],
  ['capabilites', [], /^capabilites: no such field; did you mean 'capabilities'\?$/],
  ['colour', 'red', /^colour: no such field$/],
] as const) {
  test(`${field} as ${inspect(value).slice(0, 40)} is reported`, () => {
    const faults = faultsOf({ [field]: value });
    assert.equal(faults.length, 1, faults.join('\n'));
    assert.match(faults[0] ?? '', expected);
  });
}

test('each flow has fields of its own', () => {
  const facts = { path: '/own/a', level: 'smoke' } as const;
  assert.deepEqual(definitionFaults(postcopyTest({ ...facts, recovery: 'once' })), []);
  assert.deepEqual(definitionFaults(fileTest({ ...facts, connect: 'file:$DIR/x' })), []);
  assert.match(definitionFaults(fileTest({ ...good } as never)).join(), /connect: missing/);
  assert.match(
    definitionFaults(postcopyTest({ ...facts, listen: 'defer' } as never)).join(),
    /listen: no such field/,
  );
  assert.match(definitionFaults(migrationTest(facts as never)).join(), /run: missing/);
});

test('a definition made by hand, or changed after it was made, is checked too', () => {
  const run = (): Promise<object> => Promise.resolve({});
  assert.deepEqual(definitionFaults({ path: '/own/a', level: 'smoke', run }), []);
  assert.match(definitionFaults({ path: '/own/a', level: 'smoke' }).join(), /run: missing/);
  assert.match(definitionFaults({ ...precopyTest(good), level: 'no' }).join(), /^level: expected/);
  assert.match(definitionFaults(null).join(), /expected a test definition/);
});
