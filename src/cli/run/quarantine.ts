/**
 * The quarantine file: tests that are known to fail, each with an owner, a reason and a last day.
 */
import { readFileSync } from 'node:fs';
import {
  array,
  check,
  isoDate,
  literal,
  nonEmpty,
  pipe,
  safeParse,
  strictObject,
  string,
} from 'valibot';
import type { Arch } from '../../model/arch.js';
import type { HarnessError } from '../../model/errors.js';
import { fileProblem, usageError } from '../../model/errors.js';
import type { Quarantined } from '../../model/events.js';
import { counted } from '../../model/text/format.js';
import type { TestDefinition } from '../../suite/definition.js';
import { findByName, fullPath } from '../../suite/select.js';

/** Date would turn 31 February into a day in March. */
function exists(day: string): boolean {
  const date = new Date(day);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day);
}

const text = pipe(string(), nonEmpty('expected a text that is not empty'));
const shape = strictObject({
  version: literal(1),
  tests: array(
    strictObject({
      test: text,
      owner: text,
      reason: text,
      expires: pipe(
        string(),
        isoDate('expected a day such as 2027-03-31'),
        check(exists, 'expected a day that exists'),
      ),
    }),
  ),
});

function refused(file: string, why: string, details: readonly string[] = []): HarnessError {
  return usageError('quarantine-file', `--quarantine: ${file}: ${why}`, { details });
}

/**
 * @param today such as 2026-11-25; an expired entry makes the file an error, even if its test is
 * not selected
 * @throws HarnessError `quarantine-file`, `quarantine-expired`
 */
export function readQuarantine(
  file: string,
  {
    tests,
    arch,
    today,
  }: { readonly tests: readonly TestDefinition[]; readonly arch: Arch; readonly today: string },
): ReadonlyMap<string, Quarantined> {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw refused(file, error instanceof SyntaxError ? 'it is not JSON' : fileProblem(error), [
      'expected {"version": 1, "tests": [{"test": PATH, "owner": TEXT, "reason": TEXT, "expires": "2027-03-31"}]}',
    ]);
  }
  const parsed = safeParse(shape, value);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const where = (issue.path ?? []).map(({ key }) => String(key)).join('.');
    throw refused(file, `${where === '' ? '' : `${where}: `}${issue.message}`);
  }
  const known = new Map<string, Quarantined>();
  for (const { test, ...quarantined } of parsed.output.tests) {
    const found = findByName(tests, test, arch);
    if (found === undefined) {
      throw refused(file, `there is no test '${test}'; 'drover list' shows all`);
    }
    const name = fullPath(arch, found);
    if (known.has(name)) throw refused(file, `'${test}' has two entries: remove one`);
    known.set(name, quarantined);
  }
  const expired = [...known].filter(([, { expires }]) => expires < today);
  if (expired.length > 0) {
    throw usageError(
      'quarantine-expired',
      `--quarantine: ${file}: ${expired.length} of ${counted(known.size, 'entry', 'entries')} expired; fix the tests or extend the dates`,
      {
        details: expired.map(
          ([name, { owner, reason, expires }]) => `${name}: until ${expires}, ${owner}: ${reason}`,
        ),
      },
    );
  }
  return known;
}
