/**
 * Test modules that would end Drover, or keep it from ending. `list` loads them and starts no QEMU.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Scratch } from '../../model/scratch.fixtures.js';
import { drover } from './drover.fixtures.js';

const aTest = `import { precopyTest } from 'drover';
export default [precopyTest({ path: '/mine/test', level: 'smoke', listen: 'tcp:127.0.0.1:0' })];
`;

test('a test module that ends the process is no success', async () => {
  using scratch = new Scratch();
  const file = path.join(scratch.directory, 'exits.mjs');
  writeFileSync(file, `${aTest}process.exit(0);\n`);
  const { code, stderr } = await drover(['list', '--tests', file], scratch);
  assert.equal(code, 3);
  assert.match(stderr, /^drover: something ended the process before Drover was done/);
});

test('what a test module leaves open does not keep Drover from ending', async () => {
  using scratch = new Scratch();
  const file = path.join(scratch.directory, 'ticks.mjs');
  writeFileSync(file, `${aTest}setInterval(() => undefined, 1000);\n`);
  const { code, signal, stdout } = await drover(['list', '--tests', file], scratch);
  assert.deepEqual([code, signal], [0, null]);
  assert.match(stdout, /\/mine\/test/);
});
