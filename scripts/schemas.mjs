// Makes the JSON schemas in docs/reference/ from the types.
// Usage: node scripts/schemas.mjs [--check]   --check: only says whether the files are what the types say.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import * as prettier from 'prettier';
import { createGenerator } from 'ts-json-schema-generator';

const root = path.join(import.meta.dirname, '..');

const documents = [
  {
    file: 'events.schema.json',
    types: 'src/model/events.ts',
    type: 'DroverEvent',
    version: 'eventSchema',
    title: (version) => `Drover event log, schema ${version}: one line`,
    page: 'events.md',
    // Readers must ignore fields that they do not know.
    isOpen: true,
  },
  {
    file: 'bench.schema.json',
    types: 'src/bench/document.ts',
    type: 'BenchDocument',
    version: 'benchVersion',
    title: (version) => `drover bench --json, version ${version}`,
    page: 'bench.md',
    isOpen: true,
  },
  {
    file: 'advise.schema.json',
    types: 'src/bench/advise/advice.ts',
    type: 'Advice',
    version: 'adviceVersion',
    title: (version) => `drover advise --json, version ${version}`,
    page: 'advise.md',
    isOpen: true,
  },
  {
    file: 'devices.schema.json',
    types: 'src/devices/document.ts',
    type: 'DevicesDocument',
    version: 'devicesVersion',
    title: (version) => `drover devices --json, version ${version}`,
    page: 'devices.md',
    isOpen: true,
  },
  {
    file: 'machines.schema.json',
    types: 'src/machines/document.ts',
    type: 'MachinesDocument',
    version: 'machinesVersion',
    title: (version) => `drover machines --json, version ${version}`,
    page: 'machines.md',
    isOpen: true,
  },
  {
    file: 'prove.schema.json',
    types: 'src/prove/document.ts',
    type: 'ProveDocument',
    version: 'proveVersion',
    title: (version) => `drover prove --json, version ${version}`,
    page: 'prove.md',
    isOpen: true,
  },
  {
    file: 'bench-scenarios.schema.json',
    types: 'src/bench/scenario.ts',
    type: 'ScenarioFile',
    title: () => 'drover bench --scenarios',
    page: 'bench.md',
    isOpen: false,
  },
];

for (const { file: name, types, type, version: constant, title, page, isOpen } of documents) {
  const file = path.join(root, 'docs', 'reference', name);
  const source = path.join(root, types);
  const version = new RegExp(`${constant} = (\\d+);`).exec(readFileSync(source, 'utf8'))?.[1];
  if (constant !== undefined && version === undefined)
    throw new Error(`no number ${constant} in ${types}`);
  const { $schema, ...rest } = createGenerator({
    path: source,
    tsconfig: path.join(root, 'tsconfig.json'),
    type,
    skipTypeCheck: true,
    additionalProperties: isOpen,
  }).createSchema(type);
  const schema = {
    $schema,
    title: title(version),
    $comment: `Made from ${types} by scripts/schemas.mjs; see ${page} for what may change.`,
    ...rest,
  };
  const config = (await prettier.resolveConfig(file)) ?? {};
  const text = await prettier.format(JSON.stringify(schema), { ...config, parser: 'json' });

  if (!process.argv.includes('--check')) {
    writeFileSync(file, text);
  } else if (readFileSync(file, 'utf8') !== text) {
    process.stderr.write(`${file} is not what the types say; run: node scripts/schemas.mjs\n`);
    process.exitCode = 1;
  }
}
