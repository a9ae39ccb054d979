/**
 * Loading tests that somebody else wrote: which modules are accepted, and what the message says of
 * each mistake. No QEMU runs.
 */
import assert from 'node:assert/strict';
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { HarnessError } from '../model/errors.js';
import { Scratch } from '../model/scratch.fixtures.js';
import { precopyTest } from './definition.js';
import { loadUserTest, loadUserTests } from './user-tests.js';
import { userFiles } from './user-files.js';

/** Modules by name, below a folder of their own; removed when the test ends. */
class Folder extends Scratch {
  readonly root = realpathSync(this.directory);

  constructor(modules: Readonly<Record<string, string>>) {
    super();
    for (const [name, text] of Object.entries(modules)) {
      const file = this.at(name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
  }

  at(name: string): string {
    return path.join(this.root, name);
  }
}

const builtIn = [precopyTest({ path: '/migration/there', level: 'smoke', listen: 'tcp:0' })];

async function pathsOf(...given: string[]): Promise<string[]> {
  return (await loadUserTests(given, builtIn)).map(({ definition }) => definition.path);
}

async function errorOf(given: string): Promise<HarnessError> {
  try {
    await loadUserTests([given], builtIn);
  } catch (error) {
    assert.ok(error instanceof HarnessError, String(error));
    assert.equal(error.blame, 'usage');
    return error;
  }
  return assert.fail('it was loaded');
}

function module(...inputs: string[]): string {
  const tests = inputs.map((input) => `precopyTest({ listen: 'tcp:0', level: 'smoke', ${input} })`);
  return `import { precopyTest } from 'drover';\nexport default [${tests.join(', ')}];\n`;
}

test('a module is found by name, a folder with all below it, each file once', async () => {
  using folder = new Folder({
    'b.mjs': module("path: '/own/b'", "path: '/own/b2'"),
    'a/deep.js': module("path: '/own/a'"),
    'a/package.json': '{ "type": "module" }',
    'helper.mjs': 'export const socket = 1;',
    'types.d.ts': 'export declare const never: number;',
    'node_modules/x/x.mjs': 'throw new Error();',
    '.hidden/x.mjs': 'throw new Error();',
  });
  symlinkSync(folder.at('b.mjs'), folder.at('z.txt'));
  assert.deepEqual(await pathsOf(folder.root), ['/own/a', '/own/b', '/own/b2']);
  assert.deepEqual(await pathsOf(folder.at('b.mjs'), folder.root, folder.at('z.txt')), [
    '/own/b',
    '/own/b2',
    '/own/a',
  ]);
});

test('an export named tests does as well, and both of one array are one', async () => {
  using folder = new Folder({
    'named.mjs': module("path: '/own/named'").replace('export default', 'export const tests ='),
    'both.mjs': `${module("path: '/own/both'").replace('export default', 'export const tests =')}export default tests;`,
  });
  assert.deepEqual(await pathsOf(folder.root), ['/own/both', '/own/named']);
});

test('TypeScript is loaded: by Node itself, or through the compiler that is there', async () => {
  using folder = new Folder({
    'own.ts': `import { precopyTest, type TestDefinition } from 'drover';
      interface Wish { readonly name: string }
      const wish: Wish = { name: '/own/ts' };
      export const tests: TestDefinition[] = [
        precopyTest({ path: wish.name, level: 'smoke', listen: 'tcp:0' }),
      ];`,
  });
  assert.deepEqual(await pathsOf(folder.root), ['/own/ts']);
  assert.throws(() => userFiles([folder.root], () => false), {
    code: 'tests-typescript',
    message: /own\.ts' is TypeScript, which Node v.* does not run: use Node 22\.18 or newer/,
  });
});

test('a module and Drover share one error class', async () => {
  using folder = new Folder({
    'own.mjs': `import { HarnessError, migrationTest } from 'drover';
      const run = () => { throw new HarnessError({ code: 'x', blame: 'contract', message: 'y' }); };
      export default [migrationTest({ path: '/own/x', level: 'smoke', run })];`,
  });
  const { run } = await loadUserTest(folder.at('own.mjs'), '/own/x');
  assert.throws(() => void run({} as never), HarnessError);
  await assert.rejects(loadUserTest(folder.at('own.mjs'), '/own/y'), { code: 'tests-import' });
});

const mistakes: readonly [string, string, string, RegExp][] = [
  ['throws', "\nthrow new Error('boo');", 'tests-import', /own\.mjs: Error: boo$/],
  ['does not parse', 'export default [;', 'tests-import', /SyntaxError: Unexpected token/],
  ['imports what is not there', "import './no.mjs';", 'tests-import', /Cannot find module/],
  [
    'asks for a name that drover does not export',
    "import { x } from 'drover';",
    'tests-import',
    /'drover' does not provide an export named 'x'/,
  ],
  ['exports nothing', 'export const x = 1;', 'bad-test', /export default: no such export, nor/],
  ['exports no array', 'export default 3;', 'bad-test', /expected an array .*, not number/],
  ['exports no tests', 'export default [3];', 'bad-test', /default\[0\]: expected a test def/],
  ['is empty', 'export default [];', 'tests-empty', /no test in/],
  [
    'has a test of Drover',
    module("path: '/migration/there'"),
    'duplicate-test',
    /default\[0\]: there is a test \/migration\/there already, from Drover itself/,
  ],
  [
    'has a test twice',
    module("path: '/own/a'", "path: '/own/a'"),
    'duplicate-test',
    /default\[1\]: there is a test \/own\/a already, from .*own\.mjs: default\[0\]/,
  ],
  [
    'misspells a level',
    module("path: '/own/a', level: 'smok'"),
    'bad-test',
    /own\.mjs: default\[0\] \(\/own\/a\): level: expected "smoke" or .*, not "smok"/,
  ],
];
for (const [what, text, code, message] of mistakes) {
  test(`a module that ${what} is refused, and the reason names it`, async () => {
    using folder = new Folder({ 'own.mjs': text });
    const error = await errorOf(folder.at('own.mjs'));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    assert.ok(error.message.includes(folder.at('own.mjs')));
  });
}

test("the stack of a module that throws is the user's part of it", async () => {
  using folder = new Folder({ 'own.mjs': "\nthrow new Error('boo');" });
  const { input } = await errorOf(folder.at('own.mjs'));
  assert.deepEqual(input.details?.length, 1, input.details?.join('\n'));
  assert.match(input.details[0] ?? '', /own\.mjs:2:7/);
});

test('places without a module are reported', async () => {
  using folder = new Folder({ 'empty/readme.txt': '', 'helpers/a.mjs': 'export const x = 1;' });
  const codeOf = async (name: string): Promise<string> => (await errorOf(folder.at(name))).code;
  assert.equal(await codeOf('nothing'), 'tests-path');
  assert.equal(await codeOf('empty'), 'tests-path');
  assert.equal(await codeOf('empty/readme.txt'), 'tests-path');
  assert.equal(await codeOf('helpers'), 'tests-empty');
});
