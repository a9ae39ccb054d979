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
of device state were compared, and without a number in brackets all were equal. A number stands for one of the sentences at the end. Where nothing was compared, the reason
is there: the guest "runs at the destination" (at once, or before its memory is there), "runs on at the source", and so on.
An empty cell: there is no such QEMU here. Made by \`scripts/arrival-table.mjs\`.
`;

/** Why a passed test has nothing to compare: the first that fits, and there must be one. */
const REASONS = [
  [/\/(analyze-script|hmp\/\w+)$/, 'no second machine'],
  [/\/mode\/exec/, 'no second machine'],
  [/\/cancel\/src\/after\/(none|failed)$/, 'must fail'],
  [/\/cancel\/src\/after\/completed$/, 'runs at the destination'],
  [/\/cancel\b/, 'cancelled'],
  [
    /(mismatch|mismatch-host|reject-anon-client|hostile-client|no-hostname|bad_dest|offset\/bad|uuid_error|_set|unix\/tls\/x509\/default-host)$/,
    'must fail',
  ],
  [/postcopy/, 'runs at the destination early'],
  [/background-snapshot/, 'runs on at the source'],
  [/\/colo\//, 'both sides run'],
  [
    /(\/chain\/.*|ping-pong\/.*|auto_converge|\/ignore-shared|switchover-bandwidth|dirty_limit|dirty_ring)$/,
    'runs at the destination',
  ],
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
/** Sentences about one block, or one architecture, each are one sentence here. */
function folded(sentence) {
  if (sentence.endsWith('this QEMU does not say where it lies'))
    return 'RAM blocks but main memory are not compared: this QEMU does not say where they lie';
  if (sentence.endsWith('may differ has not been found out'))
    return 'device state is not compared: which fields of this architecture may differ has not been found out';
  if (sentence.endsWith('it cannot differ'))
    return 'RAM blocks that both sides map are not compared: they cannot differ';
  return `a known difference, ${sentence}`;
}

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
    if (reason === undefined) throw new Error(`${name} was not compared; give it a reason`);
    return reason;
  }
  const { blocks, sections, expected, notCompared } = arrival;
  const counted = (count, word) =>
    count === 0 ? [] : [`${count} ${word}${count === 1 ? '' : 's'}`];
  const found = [...counted(blocks, 'block'), ...counted(sections, 'section')];
  const marks = new Set([...expected, ...notCompared].map((sentence) => noted(folded(sentence))));
  return [found.join(', '), ...marks].join(' ');
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
  '\n## What the numbers mean\n',
  ...[...notes].map(([sentence, number]) => `- [${number}] ${sentence}`),
];
writeFileSync(PAGE, `${page.join('\n')}\n`);
