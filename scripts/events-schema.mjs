// Makes docs/reference/events.schema.json from the types in src/model/events.ts.
// Usage: node scripts/events-schema.mjs [--check]   --check: only says whether the file is what the types say.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import * as prettier from 'prettier';
import { createGenerator } from 'ts-json-schema-generator';

const root = path.join(import.meta.dirname, '..');
const file = path.join(root, 'docs', 'reference', 'events.schema.json');
const types = path.join(root, 'src', 'model', 'events.ts');

const version = /eventSchema = (\d+);/.exec(readFileSync(types, 'utf8'))?.[1];
if (version === undefined) throw new Error(`no number of the schema in ${types}`);
const generated = createGenerator({
  path: types,
  tsconfig: path.join(root, 'tsconfig.json'),
  type: 'DroverEvent',
  skipTypeCheck: true,
  // Readers must ignore fields that they do not know.
  additionalProperties: true,
}).createSchema('DroverEvent');
const { $schema, ...rest } = generated;
const schema = {
  $schema,
  title: `Drover event log, schema ${version}: one line`,
  $comment:
    'Made from src/model/events.ts by scripts/events-schema.mjs; see events.md for what may change.',
  ...rest,
};
const config = (await prettier.resolveConfig(file)) ?? {};
const text = await prettier.format(JSON.stringify(schema), { ...config, parser: 'json' });

if (process.argv.includes('--check')) {
  if (readFileSync(file, 'utf8') !== text) {
    process.stderr.write(
      `${file} is not what the types say; run: node scripts/events-schema.mjs\n`,
    );
    process.exitCode = 1;
  }
} else {
  writeFileSync(file, text);
}
