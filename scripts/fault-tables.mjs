// Makes the tables of docs/reference/faults.md out of the compiled program's own: kinds of faults, what goes together,
// ends. Usage, after a build: node scripts/fault-tables.mjs [--write]   Without --write: fails if the page is stale.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import * as prettier from 'prettier';

const root = path.join(import.meta.dirname, '..');
const page = path.join(root, 'docs/reference/faults.md');
const load = async (name) => await import(path.join(root, 'dist/migration/faults/combined', name));

const { factors } = await load('combination.js');
const { kinds } = await load('kinds.js');
const { allCombinations, rules } = await load('incompatible.js');
const { additions, expectedRows } = await load('expected-rows.js');

const code = (values) => values.map((value) => `\`${value}\``).join(', ');
const worded = (values) =>
  Object.entries(values)
    .map(([name, list]) => `${name} ${code(list)}`)
    .join('; ');
const row = (...cells) => `| ${cells.join(' | ')} |`;
const table = (head, rows) => [row(...head), row(...head.map(() => '---')), ...rows].join('\n');

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

const text = readFileSync(page, 'utf8');
const made = Object.entries(tables).reduce(
  (all, [name, made]) =>
    all.replace(
      new RegExp(`(<!-- ${name}: made by \\S+ -->\n)[^]*?(<!-- end of ${name} -->)`),
      (_, head, tail) => `${head}\n${made}\n\n${tail}`,
    ),
  text,
);
const options = await prettier.resolveConfig(page);
const wanted = await prettier.format(made, { ...options, parser: 'markdown' });
if (process.argv.includes('--write')) writeFileSync(page, wanted);
else if (wanted !== text) {
  process.stderr.write(
    'docs/reference/faults.md is stale: node scripts/fault-tables.mjs --write\n',
  );
  process.exitCode = 1;
}
