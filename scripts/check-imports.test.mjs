// The layer check against small trees, each with one violation that it must name by file and line.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { findFaults } from './check-imports.mjs';

function faultsOf(t, files) {
  const root = mkdtempSync(path.join(tmpdir(), 'drover-layers-'));
  t.after(() => rmSync(root, { recursive: true }));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  }
  return findFaults(root);
}

test('imports down and sideways are no fault', (t) => {
  const faults = faultsOf(t, {
    'src/model/a.ts': 'export const a = 1;\n',
    'src/qmp/b.ts': "import { a } from '../model/a.js';\nexport const b = a;\n",
    'src/qemu/c.ts': "export { b } from '../qmp/b.js';\n",
    'src/cli/d.ts':
      "import { b } from '../qemu/c.js';\nprocess.exitCode = Number(process.env['X'] ?? b);\n",
  });
  assert.deepEqual(faults, []);
});

const upward = {
  'an import': "import { x } from '../suite/x.js';",
  'an export': "export { x } from '../suite/x.js';",
  'a type import': "import type { X } from '../suite/x.js';",
  'an inline type import': "export type X = import('../suite/x.js').X;",
  'a dynamic import': "export const x = import('../suite/x.js');",
};
for (const [kind, statement] of Object.entries(upward)) {
  test(`${kind} that goes up is named with its line`, (t) => {
    const faults = faultsOf(t, {
      'src/qemu/low.ts': `// head\n${statement}\n`,
      'src/suite/x.ts': '',
    });
    assert.deepEqual(faults, [
      'src/qemu/low.ts:2: qemu is below suite and must not import src/suite/x.ts',
    ]);
  });
}

test('a test may look up to the pair, and no further', (t) => {
  const faults = faultsOf(t, {
    'src/memory/a.qemu.test.ts': "import '../migration/pair.js';\nimport '../schedule/pool.js';\n",
    'src/migration/pair.ts': '',
    'src/schedule/pool.ts': '',
  });
  assert.deepEqual(faults, [
    'src/memory/a.qemu.test.ts:2: memory is below schedule and must not import src/schedule/pool.ts',
  ]);
});

test('a circle of imports is named, types included', (t) => {
  const faults = faultsOf(t, {
    'src/qmp/a.ts': "import type { B } from './b.js';\nexport const a = 1;\n",
    'src/qmp/b.ts': "import './c.js';\nexport type B = 1;\n",
    'src/qmp/c.ts': "import './a.js';\n",
    'src/qmp/d.ts': "import './a.js';\nimport './b.js';\n",
  });
  assert.deepEqual(faults, [
    'src/qmp/a.ts:1: imports go in a circle: src/qmp/a.ts -> src/qmp/b.ts -> src/qmp/c.ts -> src/qmp/a.ts',
  ]);
});

test('rooms of a folder have rows of their own, and a deeper folder that of the nearest', (t) => {
  const faults = faultsOf(t, {
    'src/cli/process/a.ts': "import '../run/deep/b.js';\n",
    'src/cli/run/deep/b.ts': "import '../../process/c.js';\n",
    'src/cli/process/c.ts': '',
  });
  assert.deepEqual(faults, [
    'src/cli/process/a.ts:1: cli/process is below cli/run/deep and must not import src/cli/run/deep/b.ts',
  ]);
});

test('nothing imports a test, only tests import fixtures, and nothing leaves src', (t) => {
  const faults = faultsOf(t, {
    'src/qmp/a.ts':
      "import './b.test.js';\nimport './c.fixtures.js';\nimport '../../scripts/setup.mjs';\n",
    'src/qmp/b.test.ts': "import './c.fixtures.js';\n",
    'src/qmp/c.fixtures.ts': '',
  });
  assert.deepEqual(faults, [
    'src/qmp/a.ts:1: imports src/qmp/b.test.ts, which is for tests only',
    'src/qmp/a.ts:2: imports src/qmp/c.fixtures.ts, which is for tests only',
    'src/qmp/a.ts:3: leaves src/ for scripts/setup.mjs',
  ]);
});

test('a folder without a row is named where it is used and where it lies', (t) => {
  const faults = faultsOf(t, {
    'src/cli/a.ts': "import '../utils/b.js';\n",
    'src/utils/b.ts': 'export {};\n',
  });
  assert.equal(faults.length, 2);
  assert.match(faults[0], /^src\/cli\/a\.ts:1: src\/utils is in no layer/);
  assert.match(faults[1], /^src\/utils\/b\.ts:1: is in no layer/);
});

const doors = {
  'node:child_process': "import { spawn } from 'node:child_process';",
  child_process: "const { spawn } = require('child_process');",
  piscina: "import { Piscina } from 'piscina';",
  'node:module': "import { createRequire } from 'node:module';",
  'the addon': "require('../../build/Release/drover.node');",
  'process.env': "export const x = process.env['X'];",
  'process.exit': 'process.exit(1);',
  'process.exitCode': "process['exitCode'] = 1;",
  'env taken out of process': 'const { env: mine } = process;',
  'env imported': "import { env } from 'node:process';",
  'process.dlopen': 'process.dlopen(module, file);',
};
for (const [danger, statement] of Object.entries(doors)) {
  test(`${danger} is refused outside its door`, (t) => {
    const faults = faultsOf(t, { 'src/migration/a.ts': `${statement}\n` });
    assert.equal(faults.length, 1, faults.join('\n'));
    assert.match(faults[0], /^src\/migration\/a\.ts:1: .* has (one door|two doors), src\//);
  });
}

test('the doors themselves are open, and those of tests too', (t) => {
  const faults = faultsOf(t, {
    'src/qemu/spawn.ts': "import { spawn } from 'node:child_process';\n",
    'src/schedule/pool.ts': "import { Piscina } from 'piscina';\n",
    'src/native/addon.ts': "require('../../build/Release/drover.node');\n",
    'src/qmp/a.test.ts': "import 'node:child_process';\nprocess.env['X'] = '1';\n",
  });
  assert.deepEqual(faults, []);
});

test('a file over 300 lines is named, one of 300 is not', (t) => {
  const faults = faultsOf(t, {
    'src/model/long.ts': '//\n'.repeat(301),
    'native/core/fits.cc': '//\n'.repeat(300),
  });
  assert.deepEqual(faults, ['src/model/long.ts:301: has 301 lines, the limit is 300']);
});
