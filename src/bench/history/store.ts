/**
 * The files of a history: one for each host, one line for each benchmark. A line is appended by one
 * write and begins with a newline, so that it stays whole if another writer appends at the same
 * time, or was killed in the middle of its own line. Readers skip such a line.
 */
import { constants } from 'node:fs';
import { access, mkdir, open, readFile, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { HarnessError, fileProblem, usageError } from '../../model/errors.js';
import type { HostIdentity } from '../../model/events.js';
import { entryFrom, entryOf, historyFile } from './entry.js';
import type { HistoryEntry } from './entry.js';
import type { BenchDocument } from '../document.js';

/** Before any migration: makes the folder. @throws HarnessError `report-path` */
export async function checkHistory(folder: string, host: HostIdentity): Promise<void> {
  const file = path.join(folder, historyFile(host));
  try {
    await mkdir(folder, { recursive: true });
    const existing = await stat(file).catch(() => undefined);
    if (existing?.isFile() === false) throw new Error('it is not a file');
    const writable = existing === undefined ? folder : file;
    await access(writable, constants.W_OK);
  } catch (cause) {
    throw usageError('report-path', `--history: cannot write ${file}: ${fileProblem(cause)}`, {
      cause,
    });
  }
}

/** @throws HarnessError `report-not-written` */
export async function appendHistory(folder: string, document: BenchDocument): Promise<void> {
  const file = path.join(folder, historyFile(document.host));
  const line = Buffer.from(`\n${JSON.stringify(entryOf(document))}\n`);
  try {
    await using handle = await open(file, 'a');
    const { bytesWritten } = await handle.write(line);
    if (bytesWritten < line.length) throw new Error('the disk is full: the line is not whole');
    await handle.sync();
  } catch (cause) {
    throw new HarnessError({
      code: 'report-not-written',
      blame: 'host',
      message: `--history: cannot write ${file}: ${fileProblem(cause)}`,
      cause,
    });
  }
}

/** What is known of one host. */
export interface HostHistory {
  readonly file: string;
  /** in the order of time */
  readonly entries: readonly HistoryEntry[];
}

/** @throws HarnessError `no-history` */
export async function readHistory(
  folder: string,
  warn: (message: string) => void,
): Promise<HostHistory[]> {
  const refuse = (why: string, cause?: unknown): HarnessError =>
    usageError('no-history', `${folder}: ${why}`, {
      details: ['expected the folder of bench --history'],
      cause,
    });
  let names: string[];
  try {
    names = (await readdir(folder)).filter((name) => name.endsWith('.jsonl')).sort();
  } catch (cause) {
    throw refuse(fileProblem(cause), cause);
  }
  const hosts: HostHistory[] = [];
  for (const name of names) {
    const entries = await entriesIn(path.join(folder, name), warn);
    if (entries.length > 0) hosts.push({ file: name, entries });
  }
  if (hosts.length === 0) throw refuse('it has no history of a benchmark');
  return hosts;
}

async function entriesIn(file: string, warn: (message: string) => void): Promise<HistoryEntry[]> {
  const lines = (await readFile(file, 'utf8')).split('\n');
  const entries = lines.flatMap((line, index) => {
    // the same benchmark may have been added twice, from its JSON document
    if (line === '' || lines.indexOf(line) < index) return [];
    const entry = entryFrom(line);
    if (entry === undefined) warn(`${file}: line ${index + 1} is no benchmark, and is left out`);
    return entry ?? [];
  });
  return entries.sort((a, b) => Date.parse(a.time) - Date.parse(b.time));
}
