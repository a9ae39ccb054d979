import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { chooseScenarios } from '../../bench/choose-scenarios.js';
import { Scratch, packageRoot } from '../../model/scratch.fixtures.js';
import { readScenarios } from './read-scenarios.js';

async function namesIn(scratch: Scratch, name: string, text: string): Promise<string[]> {
  const file = path.join(scratch.directory, name);
  writeFileSync(file, text);
  const own = await readScenarios(file);
  return chooseScenarios({ names: [], own, sweeps: [] }).map((scenario) => scenario.name);
}

/** the snippet of this language in the page about scenarios */
function snippet(language: string): string {
  const page = readFileSync(path.join(packageRoot, 'docs/how-to/write-a-scenario.md'), 'utf8');
  return new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'ms').exec(page)?.[1] ?? '';
}

test('JSON and TypeScript give what write-a-scenario.md says', async () => {
  using scratch = new Scratch();
  assert.deepEqual(await namesIn(scratch, 'mine.json', snippet('json')), [
    'multifd:8,memoryMiB=4096,writers=2,workingSetMiB=512,sourceCpus=0-3,destinationCpus=4-7,downtimeLimitMs=100,tls=x509',
  ]);
  const computed = await namesIn(scratch, 'mine.ts', snippet('ts'));
  assert.equal(computed.length, 8);
  assert.equal(
    computed[7],
    'multifd:8,memoryMiB=1024,pacePagesPerSecond=100000,multifd-compression=zstd',
  );
});

test('a module may name its export; undefined fields have their defaults', async () => {
  using scratch = new Scratch();
  const text = `import { defineScenarios } from 'drover';
export const scenarios = defineScenarios([{ guest: undefined, migration: { transport: 'tcp', tls: undefined } }]);
`;
  assert.deepEqual(await namesIn(scratch, 'mine.mjs', text), ['tcp']);
});

test('a CommonJS module may export the array itself, or by name', async () => {
  using scratch = new Scratch();
  const array = "[{ migration: { transport: 'tcp' } }]";
  for (const [index, text] of [
    `module.exports = ${array};`,
    `exports.scenarios = ${array};`,
    `const all = ${array}; Object.assign(module.exports, { ['scenarios']: all });`,
    `exports.__esModule = true; exports.default = ${array};`,
  ].entries()) {
    assert.deepEqual(await namesIn(scratch, `mine${index}.cjs`, text), ['tcp'], text);
  }
});

const faults = [
  ['mine.cjs', 'module.exports = {};', /mine\.cjs: expected an array of scenarios/],
  ['mine.cjs', 'module.exports = [;', /--scenarios: cannot load .*mine\.cjs: SyntaxError/],
  ['mine.cts', '', /mine\.cts: Drover cannot load \.cts: name it \.ts or \.mts/],
  [
    'mine.json',
    '{"version": 1, "scenarios": [{"migration": {"transport": "tcp"}, "machine": {"sourceCpus": "0,7-3"}}]}',
    /machine\.sourceCpus: range 7-3 ends before it begins: write 3-7/,
  ],
  ['mine.mjs', 'export default {};', /expected an array of scenarios as the default export/],
  ['mine.mjs', 'export default [];', /expected an array of scenarios/],
  ['mine.mjs', 'export const other = 1;', /or as one named 'scenarios'/],
  ['mine.js', 'export default [;', /--scenarios: cannot load .*mine\.js: SyntaxError/],
  ['mine.mjs', "throw new Error('mine');", /cannot load .*mine\.mjs: Error: mine/],
  [
    'mine.mjs',
    "export default [{ migration: { transport: 'tcp', chanels: 2 } }];",
    /mine\.mjs: scenario 1: migration\.chanels/,
  ],
  ['mine.json', '[]', /expected \{"version": 1, "scenarios"/],
] as const;
for (const [name, text, message] of faults) {
  test(`refused: ${name}: ${text}`, async () => {
    using scratch = new Scratch();
    await assert.rejects(namesIn(scratch, name, text), { message });
  });
}
