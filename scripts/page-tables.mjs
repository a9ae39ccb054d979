// Tables that pages of docs/reference/ have between `<!-- NAME: made by SCRIPT -->` and `<!-- end of NAME -->`.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import * as prettier from 'prettier';

const root = path.join(import.meta.dirname, '..');

/** A module of the compiled program. */
export const load = async (name) => await import(path.join(root, 'dist', name));

export const code = (values) => values.map((value) => `\`${value}\``).join(', ');
export const worded = (values) =>
  Object.entries(values)
    .map(([name, list]) => `${name} ${code(list)}`)
    .join('; ');
export const row = (...cells) => `| ${cells.join(' | ')} |`;
export const table = (head, rows) =>
  [row(...head), row(...head.map(() => '---')), ...rows].join('\n');

/** With `--write`: writes the tables into the page. Without: the exit code is 1 if the page is stale. */
export async function keepTables(name, tables, script) {
  const page = path.join(root, 'docs/reference', name);
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
    process.stderr.write(`docs/reference/${name} is stale: node scripts/${script} --write\n`);
    process.exitCode = 1;
  }
}
