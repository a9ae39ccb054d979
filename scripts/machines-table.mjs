// Makes the grid in docs/reference/machines.md from documents of `drover machines`.
// Usage: node scripts/machines-table.mjs FILE.json...   one column each, in this order
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

const PAGE = path.join(import.meta.dirname, '..', 'docs', 'reference', 'machines.md');
const BEGIN = '<!-- grid: made by scripts/machines-table.mjs -->\n';
const END = '<!-- end of grid -->\n';
const WORDS = { 'not-migratable': 'not migratable', 'cannot-start': 'cannot start' };

const documents = process.argv.slice(2).map((file) => JSON.parse(readFileSync(file, 'utf8')));
const short = ({ version }) => version.replace(/^(\d+\.\d+).*$/, '$1');
const heads = documents.map(
  ({ source, destination }) => `${short(source)} to ${short(destination)}`,
);

/** target and machine type, without the version of it: those that are alike share a row */
const rows = new Map();
for (const [column, { results }] of documents.entries()) {
  for (const { target, machine, mode, outcome } of results) {
    const family = machine.replace(/-\d+(\.\d+)+$/, '-*');
    const key = `${target} | ${family} | ${mode}`;
    const counts = rows.get(key) ?? documents.map(() => new Map());
    const word = WORDS[outcome.kind] ?? outcome.kind;
    counts[column].set(word, (counts[column].get(word) ?? 0) + 1);
    rows.set(key, counts);
  }
}
const cell = (counts) => {
  const total = [...counts.values()].reduce((sum, one) => sum + one, 0);
  if (total === 0) return '';
  if (total === 1) return [...counts.keys()][0];
  return [...counts].map(([word, count]) => `${count} ${word}`).join(', ');
};
const outcomes = new Map();
for (const [key, counts] of rows) {
  const [target, family, mode] = key.split(' | ');
  const own = [target, mode, ...counts.map(cell)].join(' | ');
  outcomes.set(own, [...(outcomes.get(own) ?? []), `\`${family}\``]);
}
const lines = [...outcomes].map(([own, families]) => {
  const [target, mode, ...cells] = own.split(' | ');
  return [`\`${target}\``, families.join(', '), mode, ...cells];
});
const table = [
  ['target', 'machine types', 'migrated', ...heads],
  heads.concat('', '', '').map(() => '---'),
  ...lines,
]
  .map((row) => `| ${row.join(' | ')} |`)
  .join('\n');
const text = readFileSync(PAGE, 'utf8');
const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
if (from < 0 || to < 0) throw new Error(`${PAGE} lacks the marks of the grid`);
writeFileSync(PAGE, `${text.slice(0, from + BEGIN.length)}\n${table}\n\n${text.slice(to)}`);
