/** Reads what an earlier run of the same command wrote with `--json`. */
import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { sweepOutcomeKinds } from '../../sweep/outcome.js';
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
    kind: v.picklist(sweepOutcomeKinds.filter((kind) => kind !== 'differs' && kind !== 'equal')),
  }),
]);

export interface BaselineKind {
  /** the command */
  readonly command: string;
  /** of its document */
  readonly version: number;
  /** strings that a document has */
  readonly members: readonly string[];
  /** strings that each result has */
  readonly ofResult: readonly string[];
}

const strings = (names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, v.string()]));

const shapeOf = ({ version, members, ofResult }: BaselineKind) =>
  v.looseObject({
    version: v.literal(version),
    ...strings(members),
    partial: v.boolean(),
    results: v.array(v.looseObject({ ...strings(ofResult), outcome })),
  });

/** @returns a document of that kind */
export function readBaseline(file: string, kind: BaselineKind): unknown {
  const expected = `expected what 'drover ${kind.command} --json FILE' of this version wrote`;
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    const why = cause instanceof SyntaxError ? 'it is no JSON' : fileProblem(cause);
    throw usageError('bad-baseline', `--baseline ${file}: ${why}; ${expected}`, { cause });
  }
  const read = v.safeParse(shapeOf(kind), json, { abortEarly: true });
  if (read.success) return read.output;
  const [issue] = read.issues;
  const where = v.getDotPath(issue) ?? 'the document';
  throw usageError('bad-baseline', `--baseline ${file}: ${where}: ${issue.message}; ${expected}`);
}
