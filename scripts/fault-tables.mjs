// Makes the tables of docs/reference/faults.md out of the compiled program's own: kinds of faults, what goes together,
// ends. Usage, after a build: node scripts/fault-tables.mjs [--write]   Without --write: fails if the page is stale.
import { code, keepTables, load, row, table, worded } from './page-tables.mjs';

const { factors } = await load('migration/faults/combined/combination.js');
const { kinds } = await load('migration/faults/combined/kinds.js');
const { allCombinations, rules } = await load('migration/faults/combined/incompatible.js');
const { additions, expectedRows } = await load('migration/faults/combined/expected-rows.js');

const { valid, dropped } = allCombinations();
const tables = {
  factors: table(
    ['factor', 'values'],
    Object.entries(factors).map(([name, values]) => row(name, code(values))),
  ),
  kinds: table(
    ['fault', 'what happens', 'the migration', 'where'],
    Object.entries(kinds).map(([name, { what, meaning, wire }]) =>
      row(`\`${name}\``, what, meaning, wire === undefined ? 'a process' : 'a channel'),
    ),
  ),
  rules: `${valid.length.toLocaleString('en')} combinations are left.\n\n${table(
    ['with', 'only', 'why', 'dropped'],
    rules.map((rule) =>
      row(
        worded(rule.where),
        worded(rule.only),
        rule.why,
        (dropped.get(rule) ?? 0).toLocaleString('en'),
      ),
    ),
  )}`,
  ends: table(
    ['fault', 'before anybody acts', 'ended by', 'in the end', 'why'],
    expectedRows.map(({ where, before, rungs, after, why, known }) =>
      row(
        worded(where) || 'any other',
        before.join(' or '),
        rungs.join(' or '),
        after.join(' or '),
        known === undefined ? why : `${why}. Known of QEMU: ${known}`,
      ),
    ),
  ),
  additions: table(
    ['fault', 'also ended by', 'also in the end', 'known of QEMU'],
    additions.map(({ where, rungs, after, known }) =>
      row(worded(where), rungs.join(' or '), after.join(' or '), known),
    ),
  ),
};

await keepTables('faults.md', tables, 'fault-tables.mjs');
