// Makes the tables of docs/reference/generate.md out of the compiled program's own: factors, what goes together, what
// is left out. Usage, after a build: node scripts/generate-tables.mjs [--write]   Without --write: fails if the page is
// stale.
import { code, keepTables, load, row, table } from './page-tables.mjs';

const { factors, leftOut } = await load('migration/generated/factors.js');
const { rules } = await load('migration/generated/rules.js');

const isOn = ({ values }) => values.length === 2 && values[1].capability === values[1].name;
const named = factors.filter((factor) => !isOn(factor));

/** What a value sets, and what it needs beside that. */
function meaning({ capability, sourceCapability, parameters, sourceParameters, items = [], host }) {
  const set = Object.entries({ ...parameters, ...sourceParameters }).map(
    ([name, value]) => `${name} ${value}`,
  );
  const own = capability ?? sourceCapability;
  const needs = items.filter((item) => item !== `capability ${own}`);
  return [
    ...(own === undefined ? [] : [`capability ${own}${sourceCapability ? ' of the source' : ''}`]),
    ...set,
    ...(needs.length + (host === undefined ? 0 : 1) === 0
      ? []
      : [`needs ${[...needs, ...(host === undefined ? [] : [`host ${host}`])].join(', ')}`]),
  ].join('; ');
}

const values = (where) =>
  Object.values(where)
    .map((names) => code(names).replaceAll('`, `', '` or `'))
    .join(' with ');

const tables = {
  factors: table(
    ['factor', 'value', 'what it sets and needs'],
    named.flatMap(({ name, values }) =>
      values.map((value, index) =>
        row(
          index === 0 ? name : '',
          `\`${value.name}\`${index === 0 ? ' (usual)' : ''}`,
          meaning(value),
        ),
      ),
    ),
  ),
  capabilities: `${code(factors.filter(isOn).map(({ name }) => name))}.`,
  rules: table(
    ['values', 'go only with', 'why'],
    rules.map(({ where, only, why, unless }) =>
      row(
        values(where),
        Object.keys(only).length === 0
          ? 'not together'
          : Object.values(only)
              .map((names) => code(names).replaceAll('`, `', '` or `'))
              .join(', '),
        unless === undefined ? why : `${why} (not where QEMU has ${unless})`,
      ),
    ),
  ),
  'left-out': table(
    ['capability', 'why'],
    Object.entries(leftOut).map(([name, why]) => row(`\`${name}\``, why)),
  ),
};

await keepTables('generate.md', tables, 'generate-tables.mjs');
