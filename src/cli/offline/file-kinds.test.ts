/**
 * Every kind of file by every offline command: exit code and a few words, as
 * docs/reference/file-kinds.md has them. No cell is an internal error or a hang, and the commands
 * agree on whether memory is lacking.
 *
 * DROVER_UPDATE_DOCS=1 writes the table instead of comparing it.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { samplesSkip } from '../../memory/samples.fixtures.js';
import { asArray, asObject, asString } from '../../model/json.js';
import type { Json, JsonObject } from '../../model/json.js';
import { Scratch, packageRoot } from '../../model/scratch.fixtures.js';
import { counted, formatCount } from '../../model/text/format.js';
import { formatBytes } from '../../model/text/sizes.js';
import type { Ran } from '../process/drover.fixtures.js';
import { fileKinds } from './samples/file-kinds.fixtures.js';
import type { FileKind } from './samples/file-kinds.fixtures.js';
import { ManyCommands } from './many-commands.fixtures.js';

const page = path.join(packageRoot, 'docs', 'reference', 'file-kinds.md');
/** A cell that takes longer hangs. */
const limitMs = 60_000;

type Summary = (answer: JsonObject) => string;
interface Column {
  readonly name: string;
  readonly args: (source: readonly string[], out: string) => readonly string[];
  readonly summary: Summary;
}

const sum = (answer: JsonObject, list: string, field: string): number =>
  asArray(answer[list] ?? []).reduce<number>(
    (total, one) => total + Number(asObject(one)[field] ?? 0),
    0,
  );

const columns: readonly Column[] = [
  {
    name: 'scan --level zero',
    args: (source) => ['scan', '--level', 'zero', '--no-map', ...source],
    summary: (answer) => {
      const absent = sum(answer, 'blocks', 'absent') - sum(answer, 'blocks', 'holes');
      const pages = counted(
        sum(answer, 'blocks', 'pages') - sum(answer, 'blocks', 'holes'),
        'page',
      );
      return absent > 0 ? `${formatCount(absent)} of ${pages} absent` : pages;
    },
  },
  {
    name: 'inspect',
    args: (source) => ['inspect', ...source],
    summary: (answer) => {
      const { format, completeness } = asObject(answer['source']!);
      return asString(completeness) ?? asString(format) ?? '';
    },
  },
  {
    name: 'diff with itself',
    args: ([first = '', ...channels]) => [
      ...['diff', first, first],
      ...channels.flatMap((file) => ['--channel-a', file, '--channel-b', file]),
    ],
    summary: (answer) => {
      if (asArray(answer['ram']!).length === 0) {
        return counted(Number(asObject(answer['devices']!)['compared']), 'section');
      }
      const pages = sum(answer, 'ram', 'pages') - sum(answer, 'ram', 'absentInBoth');
      const lacking = asArray(answer['notCompared'] ?? []).length > 0 ? ', not all compared' : '';
      return `${counted(pages, 'page')}${lacking}`;
    },
  },
  {
    name: 'inspect --extract',
    args: (source, out) => ['inspect', '--extract', `${out}.parts`, ...source],
    summary: (answer) => {
      const absent = sum(answer, 'files', 'absentBytes');
      const left = asArray(answer['leftOut'] ?? []).length;
      return [
        counted(asArray(answer['files']!).length, 'file'),
        ...(absent > 0 ? [`${formatBytes(absent)} absent`] : []),
        ...(left > 0 ? [`${counted(left, 'block')} left out`] : []),
      ].join(', ');
    },
  },
  {
    name: 'export --as elf',
    args: (source, out) => ['export', '--as', 'elf', ...source, out],
    summary: (answer) => {
      const absent = Number(answer['absentBytes']);
      const left = asArray(answer['leftOut'] ?? []).map(asObject);
      const main = left.filter(({ why }) => why !== 'device').length;
      return [
        `${formatBytes(Number(answer['memoryBytes']))} in ${counted(asArray(answer['ranges']!).length, 'range')}`,
        ...(absent > 0 ? [`${formatBytes(absent)} absent`] : []),
        ...(main > 0 ? [`${counted(main, 'block')} left out`] : []),
      ].join(', ');
    },
  },
];

interface Cell {
  readonly code: number;
  readonly text: string;
}

function cellOf(ran: Ran, what: string, folder: string, summary: Summary): Cell {
  const said = `${what}: ${ran.stdout.slice(0, 500)}${ran.stderr}`;
  assert.doesNotMatch(ran.stderr, /internal/, said);
  assert.ok(ran.code !== null && [0, 1, 2].includes(ran.code), said);
  if (ran.stdout !== '') {
    return { code: ran.code, text: summary(asObject(JSON.parse(ran.stdout) as Json)) };
  }
  assert.notEqual(ran.code, 0, said);
  const [reason = ''] = ran.stderr.split('\n');
  const text = reason
    .replaceAll(`${folder}/`, '')
    .replace(/^drover: /, '')
    // What a program of another version says is not Drover's.
    .replace(/ exited with status .*$/, ' failed')
    .replaceAll(/[|`]/g, "'");
  assert.notEqual(text, '', said);
  return { code: ran.code, text };
}

async function rowOf(kind: FileKind, commands: ManyCommands, folder: string): Promise<Cell[]> {
  mkdirSync(folder);
  const source = kind.make(folder);
  const cells: Cell[] = [];
  for (const { name, args, summary } of columns) {
    const ran = await commands.run([...args(source, path.join(folder, 'out')), '--json'], limitMs);
    cells.push(cellOf(ran, `${kind.name}: ${name}`, folder, summary));
  }
  rmSync(folder, { recursive: true });
  return cells;
}

/** A reason that the row has already is not repeated. */
function shown(cells: readonly Cell[], column: number): string {
  const { code = -1, text = '' } = cells[column] ?? {};
  const isRepeated = code !== 0 && cells.findIndex((cell) => cell.text === text) < column;
  return isRepeated ? `${code}: the same` : `${code}: ${text}`;
}

/** No command calls a file whole that another finds damaged or lacking. */
function requireAgreement({ name: kind, devicesAlone }: FileKind, cells: readonly Cell[]): void {
  const codes = cells.map(({ code }) => code);
  if (devicesAlone === true) {
    assert.deepEqual(codes, [2, 0, 0, 0, 2], kind);
    return;
  }
  const [scan, inspect, diff, extract, exported] = codes;
  assert.ok(
    [scan, diff, extract, exported].every((code) => code !== 0 || inspect === 0),
    kind,
  );
  if (inspect === 1) {
    assert.deepEqual([scan, diff, extract, exported], [1, 1, 1, 1], kind);
  }
  // What is absent lacks in the answers of all four.
  if (scan === 2) assert.deepEqual([diff, extract, exported], [2, 2, 2], kind);
  assert.equal(extract, scan, kind);
}

const tableRows = (text: string): string[][] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^\|[\s|:-]+$/.test(line))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );

test(
  'what each command says of each kind of file',
  { skip: samplesSkip, timeout: 600_000 },
  async () => {
    using scratch = new Scratch();
    const rows: string[][] = [];
    const queue = [...fileKinds.entries()];
    const work = async (): Promise<void> => {
      using commands = new ManyCommands(scratch.directory);
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const [index, kind] = next;
        const folder = path.join(scratch.directory, String(index));
        const cells = await rowOf(kind, commands, folder);
        requireAgreement(kind, cells);
        rows[index] = [kind.name, ...cells.map((_, column) => shown(cells, column))];
      }
    };
    await Promise.all(Array.from({ length: os.availableParallelism() }, work));
    const all = [['file', ...columns.map(({ name }) => `\`${name}\``)], ...rows];
    if (process.env['DROVER_UPDATE_DOCS'] === '1') {
      const lines = all.map((cells) => `| ${cells.join(' | ')} |`);
      lines.splice(1, 0, `|${' --- |'.repeat(columns.length + 1)}`);
      const before = readFileSync(page, 'utf8').split(/^\|/m)[0] ?? '';
      writeFileSync(page, `${before}${lines.join('\n')}\n`);
    }
    assert.deepEqual(tableRows(readFileSync(page, 'utf8')), all);
  },
);
