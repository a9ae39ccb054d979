/**
 * The runs in a results folder: of each its first and its last event, read from both ends of its
 * log, so that a thousand runs are listed without reading them. Leaves out single tests:
 * attempt-index.ts.
 */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import type { EventOf } from '../model/events.js';
import { isObject } from '../model/json.js';
import type { Json, JsonObject } from '../model/json.js';
import { missingField } from '../report/log/event-fields.js';
import { logName } from '../report/log/read-log.js';

type Started = EventOf<'run-started'>;
type Finished = EventOf<'run-finished'>;

export interface StoredRun {
  /** of the place, so the same after a restart; safe in an address */
  readonly id: string;
  readonly folder: string;
  /** relative to the results folder, `.` for that itself */
  readonly name: string;
  readonly log: string;
  readonly started: Started;
  /** absent while the run goes on, and where it ended early */
  readonly finished: Finished | undefined;
  readonly changedMs: number;
  readonly bytes: number;
}

/** results/run, or results/matrix/pair */
const deepest = 2;
const chunkBytes = 16 * 1024;
/** a run-finished is far shorter */
const tailBytes = 4 * 1024;
/** a first line is the list of tests and of what the QEMUs offer */
const longestHead = 16 * 1024 * 1024;

export class RunStore {
  readonly root: string;
  #known = new Map<string, StoredRun>();

  constructor(root: string) {
    this.root = path.resolve(root);
  }

  /** Newest first. Reads what is new or has changed since the last call. */
  list(): StoredRun[] {
    const known = new Map<string, StoredRun>();
    for (const log of logsBelow(this.root, 0)) {
      const run = this.#read(log);
      if (run !== undefined) known.set(run.id, run);
    }
    this.#known = known;
    return [...known.values()].sort((a, b) => (a.started.time < b.started.time ? 1 : -1));
  }

  /** A run that was listed before; only its own log is looked at. */
  find(id: string): StoredRun | undefined {
    const known = this.#known.get(id) ?? this.list().find((run) => run.id === id);
    return known && this.#read(known.log);
  }

  #read(log: string): StoredRun | undefined {
    const folder = path.dirname(log);
    const name = path.relative(this.root, folder) || '.';
    const id = createHash('sha256').update(name).digest('hex').slice(0, 16);
    const before = this.#known.get(id);
    try {
      const { mtimeMs, size } = statSync(log);
      if (before?.changedMs === mtimeMs && before.bytes === size) return before;
      const ends = readEnds(log);
      return ends && { id, folder, name, log, ...ends, changedMs: mtimeMs, bytes: size };
    } catch {
      // it went away, or cannot be read: then it is no run that could be shown
      return undefined;
    }
  }
}

function* logsBelow(folder: string, depth: number): Generator<string> {
  let entries;
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return;
  }
  if (entries.some((entry) => entry.name === logName && entry.isFile())) {
    yield path.join(folder, logName);
    // the folders beside a log are the evidence of its tests
    if (depth > 0) return;
  }
  if (depth === deepest) return;
  for (const entry of entries) {
    if (entry.isDirectory()) yield* logsBelow(path.join(folder, entry.name), depth + 1);
  }
}

function readEnds(log: string): Pick<StoredRun, 'started' | 'finished'> | undefined {
  const file = openSync(log, 'r');
  try {
    const started = eventFrom(firstLine(file), 'run-started');
    if (started === undefined) return undefined;
    const { size } = fstatSync(file);
    const tail = readAt(file, Math.max(0, size - tailBytes), tailBytes).toString('utf8');
    const last = tail.trimEnd().split('\n').at(-1) ?? '';
    return { started, finished: eventFrom(last, 'run-finished') };
  } finally {
    closeSync(file);
  }
}

function firstLine(file: number): string {
  const parts: Buffer[] = [];
  for (let at = 0; at < longestHead; at += chunkBytes) {
    const part = readAt(file, at, chunkBytes);
    const end = part.indexOf(10);
    parts.push(end < 0 ? part : part.subarray(0, end));
    if (end >= 0 || part.length < chunkBytes) break;
  }
  return Buffer.concat(parts).toString('utf8');
}

function readAt(file: number, at: number, bytes: number): Buffer {
  const buffer = Buffer.allocUnsafe(bytes);
  return buffer.subarray(0, readSync(file, buffer, 0, bytes, at));
}

const kinds = ['passed', 'skipped', 'failed', 'broken', 'cancelled'];

/** The fields inside of fields that the board shows. */
function isWhole(event: JsonObject): boolean {
  const { type, host, source, destination, outcome } = event;
  if (type === 'run-started') {
    return (
      hasTexts(host, ['hostname', 'cpu', 'kernel']) &&
      [source, destination].every((qemu) => hasTexts(qemu, ['version', 'package', 'command']))
    );
  }
  if (type !== 'test-finished') return true;
  if (!isObject(outcome) || !kinds.some((kind) => kind === outcome['kind'])) return false;
  return !('failure' in outcome) || hasTexts(outcome['failure'], ['code', 'message']);
}

function hasTexts(value: Json | undefined, names: readonly string[]): boolean {
  return isObject(value) && names.every((name) => typeof value[name] === 'string');
}

/** An event of one type, whole; logs may come from elsewhere. */
export function eventFrom(line: string, type: 'run-started'): Started | undefined;
export function eventFrom(line: string, type: 'run-finished'): Finished | undefined;
export function eventFrom(
  line: string,
  type: 'test-finished',
): EventOf<'test-finished'> | undefined;
export function eventFrom(line: string, type: string): unknown {
  if (!line.startsWith(`{"type":"${type}"`)) return undefined;
  try {
    const value = JSON.parse(line) as Json;
    return isObject(value) && missingField(value) === undefined && isWhole(value)
      ? value
      : undefined;
  } catch {
    return undefined;
  }
}
