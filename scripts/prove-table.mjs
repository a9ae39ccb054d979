// Puts the results of `drover prove --json` into docs/reference/prove.md.
// Usage: node scripts/prove-table.mjs 'OPTIONS' FILE...   OPTIONS: what the runs were given. The matrix is that of the first file.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import * as prettier from 'prettier';
import { matrixOf } from '../dist/prove/score.js';
import { checkNames } from '../dist/prove/findings.js';
import { pageDamages } from '../dist/prove/page-damage.js';
import { regions } from '../dist/prove/recorded-pages.js';

const page = path.join(import.meta.dirname, '..', 'docs', 'reference', 'prove.md');
const [begin, end] = [
  '<!-- results: made by scripts/prove-table.mjs -->',
  '<!-- end of results -->',
];

const [given, ...files] = process.argv.slice(2);
if (files.length === 0) {
  process.stderr.write("usage: node scripts/prove-table.mjs 'OPTIONS' FILE...\n");
  process.exit(2);
}
const documents = files.map((file) => JSON.parse(readFileSync(file, 'utf8')));
const row = (cells) => `| ${cells.join(' | ')} |`;
const table = (head, rows) => [row(head), row(head.map(() => '---')), ...rows.map(row)];
const share = ({ found, of }) => `${found} of ${of} (${((100 * found) / of).toFixed(1)} %)`;

const summary = table(
  [
    'QEMU',
    'mutants',
    'killed',
    'refused',
    'equivalent',
    'survived',
    '`stamps`',
    '`exact`',
    '`both`',
  ],
  documents.map(({ source, results, score: { fates, levels } }) => [
    source.version,
    results.length,
    ...[fates.killed, fates.refused, fates.equivalent, fates.survived],
    ...[levels.stamps, levels.exact, levels.both].map(share),
  ]),
);
const [first] = documents;
const order = [...regions, 'state'].flatMap((region) =>
  [...pageDamages, 'field', 'head'].map((damage) => `${region} ${damage}`),
);
const placeOf = ({ region, damage }) => order.indexOf(`${region} ${damage}`);
const matrix = table(
  ['region', 'damage', 'mutants', ...checkNames.map((name) => `\`${name}\``), 'named'],
  matrixOf(first.results)
    .sort((a, b) => placeOf(a) - placeOf(b))
    .map(({ region, damage, able, found, named }) => [
      ...[region, `\`${damage}\``, able],
      ...checkNames.map((name) => found[name]),
      named,
    ]),
);
const text = [
  `${first.machine.replace(/-[\d.]+$/, '')}, TCG, stamps of kind \`${first.stamp}\`, \`${given}\`, source and destination of one version. The last three columns: what the checks of \`--arrival stamps\`, \`exact\` and \`both\` found:`,
  '',
  ...summary,
  '',
  `Of QEMU ${first.source.version}, without equivalent ones, how many each check found:`,
  '',
  ...matrix,
];
const before = readFileSync(page, 'utf8');
const [from, to] = [before.indexOf(begin) + begin.length, before.indexOf(end)];
const after = `${before.slice(0, from)}\n\n${text.join('\n')}\n\n${before.slice(to)}`;
const options = { ...(await prettier.resolveConfig(page)), filepath: page };
writeFileSync(page, await prettier.format(after, options));
