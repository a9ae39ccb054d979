/** `--debug`: its values, its conditions on a run, and the commands that it makes. */
import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { debugToolNames, isToolOutput, underTool } from '../../qemu/debug-tools.js';
import type { DebugPlan } from '../../qemu/debug-tools.js';
import { Scratch } from '../../model/scratch.fixtures.js';
import { debugArgument, planDebug } from './debug-option.js';

const binary = {
  command: 'nice qemu-system-x86_64',
  program: '/usr/bin/qemu-system-x86_64',
  arch: 'x86_64',
  isPrefixed: true,
} as const;

test('a tool is on both sides unless one is named', () => {
  assert.deepEqual(debugArgument('strace'), { tool: 'strace', sides: ['source', 'destination'] });
  assert.deepEqual(debugArgument('gdb:source'), { tool: 'gdb', sides: ['source'] });
  assert.deepEqual(debugArgument('rr:both').sides, ['source', 'destination']);
  for (const wrong of ['', 'lldb', 'gdb:', 'gdb:left', 'gdb:source:x', 'gdb:toString']) {
    assert.throws(() => debugArgument(wrong), /expected gdb, valgrind, strace, rr, alone or with/);
  }
});

test('one test, one job, and a tool that is there', () => {
  using scratch = new Scratch();
  const place = { searchPath: scratch.directory, isTerminal: true, jobs: undefined };
  const wish = { tool: 'gdb', sides: ['source'] } as const;
  const one = { ...place, selected: ['/x86_64/a'] };
  assert.throws(() => planDebug(wish, one), {
    code: 'no-debug-tool',
    blame: 'host',
    message: '--debug: no gdb on PATH; install it (Debian: apt-get install gdb)',
  });
  const tool = path.join(scratch.directory, 'gdb');
  writeFileSync(tool, '');
  chmodSync(tool, 0o755);
  assert.deepEqual(planDebug(wish, one), { ...wish, attach: true });
  assert.equal(planDebug(wish, { ...one, isTerminal: false, jobs: 1 }).attach, false);
  const refused = (more: object, message: RegExp): void => {
    assert.throws(() => planDebug(wish, { ...one, ...more }), { code: 'bad-debug', message });
  };
  refused({ jobs: 2 }, /leave out -j 2$/);
  refused(
    { selected: ['/a/b', '/a/b/c'] },
    /the options select \/a\/b, \/a\/b\/c; name one with -p, and leave the others out with -s$/,
  );
  refused(
    { selected: ['/a', '/b', '/c', '/d'] },
    /\/a, \/b, \/c, \.\.\. \(4 in all\); name one with -p, and leave the others out with -s$/,
  );
});

for (const tool of debugToolNames) {
  test(`${tool} comes before the QEMU of its side only`, () => {
    const plan: DebugPlan = { tool, sides: ['source'], attach: false };
    const { command, isPrefixed } = underTool({ ...binary, isPrefixed: false }, 'source', plan);
    assert.ok(command.startsWith(`${tool} `), command);
    assert.ok(command.endsWith(` ${binary.command}`), command);
    assert.ok(isPrefixed);
    assert.equal(underTool(binary, 'destination', plan), binary);
    assert.equal(underTool(binary, 'source', { ...plan, attach: true }), binary);
    const file = /source\.\w+\./.exec(command)?.[0] ?? 'source.stderr';
    assert.ok(isToolOutput(`${file}${tool === 'gdb' ? '' : '123'}`, plan), file);
    assert.ok(!isToolOutput('destination.stderr', plan));
  });
}
