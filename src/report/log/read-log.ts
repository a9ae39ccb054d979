/**
 * Reads an event log line by line, however long it is. The log of a killed run may end in the
 * middle of a line: the reader leaves that line out. Any other line that is no event is an error
 * with its line number.
 */
import type { ReadStream } from 'node:fs';
import { existsSync } from 'node:fs';
import { open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { HarnessError } from '../../model/errors.js';
import { fileProblem, usageError } from '../../model/errors.js';
import { eventSchema } from '../../model/events.js';
import type { DroverEvent } from '../../model/events.js';
import { missingField } from './event-fields.js';
import { eventFrom1 } from './version-1.js';
import { isObject } from '../../model/json.js';
import { printableLine } from '../../model/text/printable.js';

export const logName = 'events.jsonl';

function refuse(message: string, cause?: unknown): HarnessError {
  return usageError('no-event-log', message, {
    details: [`expected the ${logName} of a run, or the folder of its --out`],
    cause,
  });
}

/** The log itself, or the one in a folder. */
export async function eventLogPath(place: string): Promise<string> {
  try {
    const path = (await stat(place)).isDirectory() ? join(place, logName) : place;
    await stat(path);
    return path;
  } catch (cause) {
    throw refuse(`cannot read the event log of '${place}': ${fileProblem(cause)}`, cause);
  }
}

/**
 * The place itself, or, if it is a folder without a log, the folders in it that have one: the pairs
 * of a matrix.
 */
export async function runsIn(place: string): Promise<string[]> {
  if (existsSync(join(place, logName))) return [place];
  const names = await readdir(place).catch(() => []);
  const runs = names
    .map((name) => join(place, name))
    .filter((run) => existsSync(join(run, logName)));
  return runs.length === 0 ? [place] : runs.sort();
}

/**
 * Removes the logs of an earlier matrix in this folder, whose pairs would look like pairs of the
 * next one, and a log in the folder itself, which would hide all pairs. Other runs below it stay.
 */
export async function removeLogs(place: string): Promise<void> {
  await rm(join(place, logName), { force: true });
  for (const run of await runsIn(place)) {
    const log = join(run, logName);
    if (existsSync(log) && (await isOfMatrix(log))) await rm(log);
  }
}

async function isOfMatrix(log: string): Promise<boolean> {
  const file = await open(log);
  try {
    for await (const line of file.readLines()) return line.includes('"matrix":{');
    return false;
  } finally {
    await file.close();
  }
}

/** Of the file's schema version; another one is refused by `requireStart`. */
function eventOf(line: string, where: string, version: number): DroverEvent {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw refuse(`${where} is not JSON: ${printableLine(line.slice(0, 80))}`, cause);
  }
  if (!isObject(value) || typeof value['type'] !== 'string' || typeof value['atMs'] !== 'number') {
    throw refuse(`${where} is not an event: ${printableLine(line.slice(0, 80))}`);
  }
  const missing = version === 1 || version === eventSchema ? missingField(value) : undefined;
  if (missing !== undefined) {
    throw refuse(
      `${where} is not a complete event: it has no ${missing}: ${printableLine(line.slice(0, 80))}`,
    );
  }
  return (version === 1 ? eventFrom1(value) : value) as unknown as DroverEvent;
}

function requireStart(event: DroverEvent, path: string): void {
  if (event.type !== 'run-started') {
    throw refuse(`${path} does not begin with run-started, but with ${event.type}`);
  }
  const schema: unknown = event.schema;
  if (schema !== eventSchema) {
    throw refuse(
      `${path} has schema version ${String(schema)}, this version of Drover reads 1 to ${String(eventSchema)}`,
    );
  }
}

async function openLog(path: string): Promise<ReadStream> {
  try {
    return (await open(path)).createReadStream({ encoding: 'utf8' });
  } catch (cause) {
    throw refuse(`cannot read the event log ${path}: ${fileProblem(cause)}`, cause);
  }
}

/**
 * The events of a log, in order; the first is `run-started`. Those of an earlier schema version are
 * converted, which `note` says once, before the first event.
 */
export async function* readEventLog(
  path: string,
  note: (text: string) => void = () => undefined,
): AsyncGenerator<DroverEvent, void, undefined> {
  const input = await openLog(path);
  let number = 0;
  let version: number = eventSchema;
  /** not yielded yet: it may be an incomplete last line */
  let last: string | undefined;
  try {
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      if (last !== undefined) yield take(last, (number += 1));
      last = line;
    }
  } finally {
    input.destroy();
  }
  if (last !== undefined && (number === 0 || isWhole(last))) yield take(last, (number += 1));
  if (number === 0) throw refuse(`${path} is empty`);

  function take(line: string, at: number): DroverEvent {
    if (at === 1) version = versionOf(line);
    const event = eventOf(line, `${path}:${String(at)}`, version);
    if (at === 1) requireStart(event, path);
    if (at === 1 && version !== eventSchema) {
      note(`${path} has schema version 1; converted to ${String(eventSchema)} while reading`);
    }
    return event;
  }
}

/** The schema version of a log, from its first line; the current one if the line has none. */
function versionOf(line: string): number {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) && typeof value['schema'] === 'number' ? value['schema'] : eventSchema;
  } catch {
    return eventSchema;
  }
}

function isWhole(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
