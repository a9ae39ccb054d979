/**
 * What two dumps of device state differ in, and in which direction it breaks a migration. Leaves
 * out real QEMUs.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { growth, mostGrowth } from '../model/growth.fixtures.js';
import type { Difference } from './differences.js';
import { dump, field, state, withFields } from './dumps.fixtures.js';
import type { StateJson } from './dumps.fixtures.js';
import { compareDumps } from './two-dumps.js';

const short = ({ kind, path, forward, backward }: Difference): string =>
  `${kind} ${path} ${forward.severity}/${backward.severity}`.replace('  ', ' ');

const compared = (a: StateJson, b: StateJson): string[] =>
  compareDumps(dump({ dev: a }), dump({ dev: b })).flatMap(({ differences }) =>
    differences.map(short),
  );

const cases: readonly (readonly [string, StateJson, StateJson, string[]])[] = [
  ['the same', state(), state(), []],
  ['a newer version', state(), state({ version_id: 3 }), ['version harmless/must']],
  [
    'a version that the other no longer takes',
    state(),
    state({ version_id: 4, minimum_version_id: 3 }),
    ['version must/must'],
  ],
  [
    'another minimum',
    state(),
    state({ minimum_version_id: 2 }),
    ['minimum-version harmless/harmless'],
  ],
  ['another name of the section', state(), state({ name: 'other' }), ['section-renamed must/must']],
  [
    'a field more',
    state(),
    withFields(field('first'), field('more'), field('last')),
    ['field-added more must/must'],
  ],
  [
    'a field more, from a newer version on',
    state(),
    state({
      version_id: 3,
      Fields: [field('first'), field('last'), field('more', { version_id: 3 })],
    }),
    ['version harmless/must', 'field-added more harmless/must'],
  ],
  [
    'a field more on a condition',
    state(),
    withFields(field('first'), field('more', { field_exists: true }), field('last')),
    ['field-added more may/may'],
  ],
  ['a field less', state(), withFields(field('last')), ['field-removed first must/must']],
  [
    'a new name in the same place',
    state(),
    withFields(field('other'), field('last')),
    ['field-renamed first harmless/harmless'],
  ],
  [
    'a field that is skipped now',
    state(),
    withFields(field('unused'), field('last')),
    ['field-renamed first harmless/may'],
  ],
  [
    'two fields that are skipped as one',
    withFields(field('x', { num: 1 }), field('y'), field('last')),
    withFields(field('unused', { size: 1, num: 8 }), field('last')),
    ['field-renamed x harmless/may'],
  ],
  [
    'another size',
    state(),
    withFields(field('first', { size: 3 }), field('last', { num: 2 })),
    ['field-size first must/must'],
  ],
  [
    'another length of an array',
    withFields(field('first', { num: 2 })),
    withFields(field('first', { num: 3 })),
    ['field-size first must/must'],
  ],
  [
    'other elements, as many bytes',
    withFields(field('first', { size: 8, num: 2 })),
    withFields(field('first', { size: 1, num: 16 })),
    ['field-size first harmless/harmless'],
  ],
  [
    'an array whose length one dump does not tell',
    withFields(field('first', { size: 1 })),
    withFields(field('first', { size: 16, num: 1 })),
    ['field-size first may/may'],
  ],
  [
    'another size on a condition',
    withFields(field('first', { field_exists: true, num: 1 })),
    withFields(field('first', { field_exists: true, num: 1, size: 8 })),
    ['field-size first may/may'],
  ],
  [
    'a condition on one side',
    state(),
    withFields(field('first', { field_exists: true }), field('last')),
    ['field-condition first may/may'],
  ],
  [
    'a version of a field that the source is older than',
    state({ version_id: 1 }),
    state({ version_id: 1, Fields: [field('first'), field('last', { version_id: 1 })] }),
    ['field-version last harmless/harmless'],
  ],
  [
    'a field that only newer states have',
    state(),
    state({ version_id: 3, Fields: [field('first'), field('last', { version_id: 3 })] }),
    ['version harmless/must', 'field-version last must/harmless'],
  ],
  [
    'another order',
    withFields(field('first'), field('middle', { size: 8 }), field('last')),
    withFields(field('middle', { size: 8 }), field('first'), field('last')),
    ['field-moved first must/must'],
  ],
  [
    'a structure around the same fields',
    state(),
    withFields(field('inner', { Description: state({ name: 'inner' }) })),
    ['structure-renamed harmless/harmless'],
  ],
  [
    'a newer version of a structure',
    withFields(field('inner', { Description: state({ name: 'inner' }) })),
    withFields(field('inner', { Description: state({ name: 'inner', version_id: 5 }) })),
    ['structure-version inner harmless/harmless'],
  ],
  [
    'a field more in a structure, whatever its version',
    withFields(field('inner', { Description: state({ name: 'inner' }) })),
    withFields(
      field('inner', {
        Description: state({
          name: 'inner',
          version_id: 3,
          Fields: [field('first'), field('last'), field('more', { version_id: 3 })],
        }),
      }),
    ),
    ['field-added inner.more must/must', 'structure-version inner harmless/harmless'],
  ],
  [
    'a structure in place of a field',
    withFields(field('first', { size: 0 })),
    withFields(field('first', { Description: state({ name: 'inner', Fields: [] }) })),
    ['field-removed first must/must', 'field-structure first may/may'],
  ],
  [
    'a subsection more',
    state(),
    state({ Subsections: [state({ name: 'dev/sub' })] }),
    ['subsection-added dev/sub harmless/may'],
  ],
  [
    'a second subsection of the same name',
    state({ Subsections: [state({ name: 'dev/sub' })] }),
    state({ Subsections: [state({ name: 'dev/sub' }), state({ name: 'dev/sub' })] }),
    ['subsection-added dev/sub (2) harmless/may'],
  ],
  [
    'a field more in a subsection',
    state({ Subsections: [state({ name: 'dev/sub' })] }),
    state({ Subsections: [state({ name: 'dev/sub', Fields: [field('first')] })] }),
    ['field-removed dev/sub: last may/may'],
  ],
];

/** as seen from the other side */
const swapped: Readonly<Record<string, string>> = { added: 'removed', removed: 'added' };

for (const [what, a, b, expected] of cases) {
  test(`${what} is reported with what it does in each direction`, () => {
    assert.deepEqual(compared(a, b).sort(), [...expected].sort());
  });

  test(`${what}: the other way round the directions change places`, () => {
    const back = compared(b, a).map(direct).sort();
    assert.deepEqual(back, compared(a, b).map(mirrored).sort());
  });
}

test('a subsection that only the source has, beside one of the same name: the destination may take it for that', () => {
  const [one, two] = [state({ name: 'dev/sub' }), state({ name: 'dev/sub', Fields: [] })];
  const found = compareDumps(
    dump({ dev: state({ Subsections: [one, two] }) }),
    dump({ dev: state({ Subsections: [one] }) }),
  );
  const reasons = found.flatMap(({ differences }) => differences.map(({ forward }) => forward));
  assert.match(reasons.map(({ reason }) => reason).join(), /takes it for another subsection/);
});

const kindAndEffects = (line: string): [string, string, string] => {
  const [, kind = '', first = '', second = ''] = /^(\S+).* (\w+)\/(\w+)$/.exec(line) ?? [];
  return [kind, first, second];
};

function direct(line: string): string {
  const [kind, first, second] = kindAndEffects(line);
  return `${kind} ${first}/${second}`;
}

function mirrored(line: string): string {
  const [kind, first, second] = kindAndEffects(line);
  return `${kind.replace(/added|removed/, (word) => swapped[word] ?? word)} ${second}/${first}`;
}

test('devices that one alone has, that have a new name, and another machine type', () => {
  const lone = state({ name: 'lone', Fields: [] });
  const a = dump({ gone: lone, old: state({ name: 'kept' }) });
  const b = dump({ come: state({ name: 'new' }), young: state({ name: 'kept' }) }, 'pc-2.0');
  const found = compareDumps(a, b).map(({ device, differences }) => [
    device,
    ...differences.map(short),
  ]);
  assert.deepEqual(found, [
    ['', 'machine must/must'],
    ['gone', 'device-removed may/harmless'],
    ['old', 'device-renamed harmless/harmless'],
    ['come', 'device-added harmless/may'],
  ]);
});

test('the work for fields that have nothing in common grows as their number', () => {
  const many = (prefix: string, length: number): StateJson =>
    withFields(
      ...Array.from({ length }, (_, index) =>
        field(`${prefix}${index}`, { size: 3 + (index % 2) }),
      ),
    );
  const grown = growth(2500, (length) => {
    assert.ok(compared(many('a', length), many('b', length)).length > 0);
  });
  assert.ok(grown < mostGrowth, `${grown} times the time for 16 times the fields`);
});
