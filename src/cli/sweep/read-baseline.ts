/** Reads what an earlier `drover devices --json` wrote. */
import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { devicesVersion } from '../../devices/document.js';
import type { DevicesDocument } from '../../devices/document.js';
import { deviceOutcomeKinds } from '../../devices/outcome.js';
import { fileProblem, usageError } from '../../model/errors.js';

const difference = v.looseObject({
  section: v.string(),
  field: v.optional(v.string()),
  text: v.string(),
});
const compared = { sections: v.number(), blocks: v.number() };
const outcome = v.variant('kind', [
  v.looseObject({ kind: v.literal('equal'), ...compared }),
  v.looseObject({ kind: v.literal('differs'), differences: v.array(difference), ...compared }),
  v.looseObject({
    kind: v.picklist(deviceOutcomeKinds.filter((kind) => kind !== 'differs' && kind !== 'equal')),
  }),
]);
const shape = v.looseObject({
  version: v.literal(devicesVersion),
  machine: v.string(),
  partial: v.boolean(),
  results: v.array(v.looseObject({ device: v.string(), outcome })),
});

export function readBaseline(file: string): DevicesDocument {
  const expected = `expected what 'drover devices --json FILE' of this version wrote`;
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    const why = cause instanceof SyntaxError ? 'it is no JSON' : fileProblem(cause);
    throw usageError('bad-baseline', `--baseline ${file}: ${why}; ${expected}`, { cause });
  }
  const read = v.safeParse(shape, json, { abortEarly: true });
  if (read.success) return read.output as unknown as DevicesDocument;
  const [issue] = read.issues;
  const where = v.getDotPath(issue) ?? 'the document';
  throw usageError('bad-baseline', `--baseline ${file}: ${where}: ${issue.message}; ${expected}`);
}
