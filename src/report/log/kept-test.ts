/** Reads the kept directory of a test, maybe on another machine. */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { HarnessError, fileProblem } from '../../model/errors.js';
import { isObject } from '../../model/json.js';
import { outcomeFrom1 } from './version-1.js';
import { testRecordName, testRecordVersion } from '../../model/test-record.js';
import type { TestRecord } from '../../model/test-record.js';

function refused(directory: string, why: string, cause?: unknown): HarnessError {
  return new HarnessError({
    code: 'no-test-record',
    blame: 'usage',
    message: `'${directory}' is not the kept directory of a test: ${why}`,
    details: [
      `expected a folder with ${testRecordName}: a run keeps one for each test that did not pass, and with --keep for every test`,
      ...keptBelow(directory),
    ],
    cause,
  });
}

/** Most likely it is the folder of --out, or the one above it. */
function keptBelow(directory: string): string[] {
  const isFolder = statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true;
  const found = (isFolder ? readdirSync(directory) : []).filter((name) =>
    existsSync(path.join(directory, name, testRecordName)),
  );
  if (found.length === 0) return [];
  const more = found.length > 5 ? `, and ${found.length - 5} more` : '';
  return [`kept tests in it: ${found.slice(0, 5).join(', ')}${more}`];
}

/** @throws HarnessError `no-test-record` */
export function readTestRecord(
  directory: string,
  note: (text: string) => void = () => undefined,
): TestRecord {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path.join(directory, testRecordName), 'utf8'));
  } catch (error) {
    const isThere = existsSync(directory);
    const why = isThere ? `${testRecordName}: ${fileProblem(error)}` : fileProblem(error);
    throw refused(directory, why, error);
  }
  if (!isObject(value) || typeof value['test'] !== 'string' || !isObject(value['outcome'])) {
    throw refused(directory, `${testRecordName} does not name a test and its outcome`);
  }
  const missing = ['source', 'destination', 'host'].filter((name) => !isObject(value[name]));
  if (missing.length > 0) {
    throw refused(directory, `${testRecordName} does not name ${missing.join(', ')}`);
  }
  if (value['version'] === 1) {
    const place = path.join(directory, testRecordName);
    note(`${place} has version 1; converted to ${testRecordVersion} while reading`);
    return { ...value, outcome: outcomeFrom1(value['outcome']) } as unknown as TestRecord;
  }
  if (value['version'] !== testRecordVersion) {
    throw refused(
      directory,
      `its version is ${JSON.stringify(value['version'])}; this Drover reads 1 to ${testRecordVersion}`,
    );
  }
  return value as unknown as TestRecord;
}

/** The text of a file in it; undefined where there is none. */
export function keptText(directory: string, name: string): string | undefined {
  try {
    return readFileSync(path.join(directory, name), 'utf8');
  } catch {
    return undefined;
  }
}

export function keptFiles(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}
