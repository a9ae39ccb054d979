// Makes docs/reference/arrival.md: for each test whether the arrival check found both sides equal, what differed and is
// expected, or why they are not compared. Use, after runs of `drover run --level flaky --accel tcg --arrival both --qemu ...
// --out FOLDER`, and of the other architectures with `--level smoke`:
//   node scripts/arrival-table.mjs 7.2=FOLDER 10.0=FOLDER 11.1=FOLDER
// A version may have several folders: VERSION=FOLDER,FOLDER. Leaves out running them.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

const PAGE = path.join(import.meta.dirname, '../docs/reference/arrival.md');

const INTRODUCTION = `# The arrival check, test by test

What the [arrival check](tests.md#the-arrival-check) found in runs of level flaky (other architectures: smoke) with
\`--arrival both\`, under TCG, with QEMUs of Debian's packages. "9 blocks, 34 sections" means that all RAM blocks and all sections
of device state were equal; "1 expected" counts differences that are known and explained below. Made by
\`scripts/arrival-table.mjs\`.
`;

/** Why a passed test has nothing to compare; the first that fits. */
const REASONS = [
  [/\/mode\/exec/, 'one process: there is no second machine'],
  [/postcopy.*\/cancel|multifd.*\/cancel|\/cancel\b|abort/, 'cancelled'],
  [/postcopy/, 'the guest runs at the destination before its memory is there'],
  [/background-snapshot/, 'the guest runs on at the source'],
  [/colo\//, 'both sides run'],
  [/chain\/|ping-pong/, 'a leg of a chain, whose guest runs'],
];

const versions = process.argv.slice(2).map((argument) => {
  const [version, folders] = argument.split('=');
  const last = new Map();
  for (const folder of folders.split(',')) {
    const lines = readFileSync(path.join(folder, 'events.jsonl'), 'utf8').trimEnd().split('\n');
    for (const { test, outcome } of lines.map((line) => JSON.parse(line))) {
      if (outcome !== undefined && test !== undefined) last.set(test, outcome);
    }
  }
  return [version, last];
});

const notes = new Map();
/** a sentence once, with a number */
function noted(sentence) {
  if (!notes.has(sentence)) notes.set(sentence, notes.size + 1);
  return `[${notes.get(sentence)}]`;
}

function cell(name, outcome) {
  if (outcome === undefined) return '';
  if (outcome.kind !== 'passed') return outcome.kind;
  const { arrival } = outcome;
  if (arrival === undefined) {
    const reason = REASONS.find(([pattern]) => pattern.test(name))?.[1];
    return reason ?? 'the migration does not complete, or the guest runs at both ends of it';
  }
  const { blocks, sections, expected, notCompared } = arrival;
  const found = [`${blocks} blocks`, ...(sections > 0 ? [`${sections} sections`] : [])];
  if (expected.length > 0)
    found.push(`${expected.length} expected ${expected.map(noted).join(' ')}`);
  if (notCompared.length > 0) found.push(`not compared ${notCompared.map(noted).join(' ')}`);
  return found.join(', ');
}

const names = [...new Set(versions.flatMap(([, outcomes]) => [...outcomes.keys()]))].sort();
const rows = names.map((name) => {
  const cells = versions.map(([, outcomes]) => cell(name, outcomes.get(name)));
  return `| \`${name}\` | ${cells.join(' | ').replaceAll('\n', ' ')} |`;
});
const counts = versions.map(([, outcomes]) => {
  const passed = [...outcomes.values()].filter(({ kind }) => kind === 'passed');
  const compared = passed.filter(({ arrival }) => arrival !== undefined);
  return `${compared.length} of ${passed.length} that passed were compared`;
});
const page = [
  INTRODUCTION,
  `| test | ${versions.map(([version]) => version).join(' | ')} |`,
  `| --- | ${versions.map(() => '---').join(' | ')} |`,
  `| all | ${counts.join(' | ')} |`,
  ...rows,
  '\n## What is expected, and what is not compared\n',
  ...[...notes].map(([sentence, number]) => `- [${number}] ${sentence}`),
];
writeFileSync(PAGE, `${page.join('\n')}\n`);
