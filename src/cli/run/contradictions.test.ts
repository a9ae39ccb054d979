/** Options that contradict each other are refused; none of them is ignored silently. */
import assert from 'node:assert/strict';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { levelOf } from '../options/options.js';
import { checkReportOptions } from '../options/report-options.js';

const selection = { p: [], runPrefix: [], s: [], skipPrefix: [] };

test('a level is said once; -m and --full add to each other', () => {
  const twice = { ...selection, level: 'full', m: 'quick' } as const;
  assert.throws(() => levelOf(twice), { code: 'two-levels', message: /--level full and -m quick/ });
  const full = { ...selection, level: 'smoke', full: true } as const;
  assert.throws(() => levelOf(full), { code: 'two-levels', message: /--level smoke and --full/ });
  assert.equal(levelOf({ ...selection, m: 'quick', full: true }), 'full');
  assert.equal(levelOf({ ...selection, m: 'thorough', full: true }), 'thorough');
});

test('two reports are not written to one file', async () => {
  const file = path.join(os.tmpdir(), 'report');
  await assert.rejects(checkReportOptions({ junit: file, html: `${file}/../report` }), {
    code: 'one-report-file',
    message: /--junit and --html/,
  });
  await checkReportOptions({ junit: '/dev/null', html: '/dev/null' });
});
