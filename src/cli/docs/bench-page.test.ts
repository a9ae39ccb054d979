/** Holds the page about benchmarks to the tables in the source. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtInGroups } from '../../bench/built-in.js';
import { figures } from '../../bench/figures.js';
import { scenarioFields } from '../../bench/scenario.js';
import { stressTransports } from '../../migration/stress/transports.js';
import { part, rowsIn } from './pages.fixtures.js';

test('bench.md has a row for every figure, as the source says', () => {
  assert.deepEqual(
    rowsIn(part('bench.md', '## Figures')),
    figures.map(({ name, from, resolution }) => [name, from, resolution]),
  );
});

test('bench.md has a row for every field of a scenario, and names every transport', () => {
  const rows = rowsIn(part('bench.md', '## Scenarios')).filter(([first = '']) =>
    first.startsWith('`'),
  );
  assert.deepEqual(
    rows.map(([field = '']) => field.replaceAll('`', '')),
    scenarioFields,
  );
  const [, transports = ''] = rows.find(([field]) => field === '`migration.transport`') ?? [];
  for (const { name } of stressTransports) assert.ok(transports.includes(`\`${name}\``), name);
});

test('bench.md has a row for every group of scenarios', () => {
  assert.deepEqual(
    rowsIn(part('bench.md', '## Groups'))
      .map(([group = '']) => group.replaceAll('`', ''))
      .filter((group) => group !== 'group'),
    builtInGroups.map(({ name }) => name),
  );
});
