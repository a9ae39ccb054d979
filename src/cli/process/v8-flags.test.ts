import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

test('this release of Node.js does not warn about the flags', async () => {
  const main = fileURLToPath(new URL('../main.js', import.meta.url));
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [main, '--version']);
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
  assert.equal(stderr, '');
});
