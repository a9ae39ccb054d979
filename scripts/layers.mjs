// The rows of src/, from the highest to the lowest: the check of imports reads them, and the table in
// docs/explanation/architecture.md is made of them (`node scripts/layers.mjs --write`; a test compares).
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

/**
 * An import goes to the same row or to a lower one. A folder without a row belongs to the nearest one above it that
 * has a row, so a room inside a row is named here only where its order among its neighbours matters.
 */
export const ROWS = [
  { folders: ['cli'], what: 'the entry: reads the arguments and hands over to one command' },
  {
    folders: [
      'cli/matrix',
      'cli/stress',
      'cli/bench',
      'cli/results',
      'cli/doctor',
      'cli/offline',
      'cli/vmstate',
      'cli/devices',
      'cli/machines',
      'cli/faults',
      'cli/prove',
      'cli/generate',
      'cli/docs',
      'cli/completion',
      'cli/board',
      'cli/fleet',
    ],
    what: 'one folder per kind of command; they may use `cli/run`',
  },
  {
    folders: ['cli/sweep'],
    what: 'what `drover devices` and `drover machines` share: jobs, baseline, one run of a sweep',
  },
  { folders: ['cli/run'], what: '`run`, `chain`, `list`, `rerun`: options, QEMUs, plan, session' },
  { folders: ['cli/options'], what: 'options that several commands have' },
  {
    folders: ['cli/process'],
    what: 'environment, signals, exit codes: nobody else reads or sets them',
  },
  {
    folders: ['board'],
    what: '`drover board`: runs, tests and trends of a results folder as web pages, live progress, metrics',
  },
  {
    folders: ['bench'],
    what: 'benchmarks: scenarios as data, order of A and B, statistics, verdicts, and how they are shown',
  },
  {
    folders: ['report'],
    what: 'console, TAP, JUnit, JSON, HTML, event log: all made from one union of events',
  },
  {
    folders: ['fleet'],
    what: 'many hosts: the coordinator with its database, the agent of a host, a run over them',
  },
  { folders: ['schedule'], what: 'the queue, how many pairs at once, shards, worker threads' },
  {
    folders: ['suite'],
    what: 'definitions as data plus hooks, each family with its flows in `suite/tests/`; the selection; one attempt of one test',
  },
  {
    folders: ['devices', 'machines'],
    what: 'what each device type or machine type needs, and what is done with it',
  },
  {
    folders: ['prove'],
    what: 'migrations that are recorded and damaged in one place at a time, and what each check finds of that',
  },
  {
    folders: ['sweep'],
    what: 'one pair of QEMUs after another: outcomes, changes since a baseline, the stopped migration of both sweeps',
  },
  {
    folders: ['migration'],
    what: 'what an author of tests imports: a pair, its migration, waits, flows, verification',
  },
  { folders: ['qemu', 'credentials'], what: 'QEMU processes and their lifetime; certificates' },
  { folders: ['memory'], what: 'reading guest memory, of a process or of a file' },
  { folders: ['qmp', 'guest'], what: 'the QMP client; guest images' },
  { folders: ['native'], what: 'loads the addon and declares all that is in it' },
  { folders: ['model', 'vmstate'], what: 'outcomes, events, errors, command lines: plain data' },
  { folders: ['model/text'], what: 'numbers, sizes and foreign text as people read them' },
];

/** Index of the row that a file or folder below src/ belongs to, 0 the highest; -1 without one. */
export function rowOf(folder) {
  for (let name = folder; name !== '.' && name !== ''; name = path.dirname(name)) {
    const row = ROWS.findIndex(({ folders }) => folders.includes(name));
    if (row >= 0) return row;
  }
  return -1;
}

const PAGE = path.join(import.meta.dirname, '..', 'docs', 'explanation', 'architecture.md');
const BEGIN = '<!-- layers: made by scripts/layers.mjs -->\n';
const END = '<!-- end of layers -->\n';

function table() {
  const rows = ROWS.map(({ folders, what }) => [
    folders.map((folder) => `\`src/${folder}/\``).join(', '),
    what,
  ]);
  const all = [['folder', 'what is there'], ...rows];
  const widths = [0, 1].map((column) => Math.max(...all.map((row) => row[column].length)));
  const line = (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(all[0]), rule, ...rows.map(line)].join('\n');
}

/** The page with the table as it should be. */
export function withTable(text) {
  const from = text.indexOf(BEGIN);
  const to = text.indexOf(END);
  if (from < 0 || to < from) throw new Error(`${PAGE} lacks the marks around the table of layers`);
  return `${text.slice(0, from + BEGIN.length)}\n${table()}\n\n${text.slice(to)}`;
}

export const pageIsCurrent = () => {
  const text = readFileSync(PAGE, 'utf8');
  return withTable(text) === text;
};

if (process.argv[1] === import.meta.filename) {
  if (process.argv[2] === '--write') writeFileSync(PAGE, withTable(readFileSync(PAGE, 'utf8')));
  else if (!pageIsCurrent()) {
    console.error('the table of layers is stale: node scripts/layers.mjs --write');
    process.exitCode = 1;
  }
}
