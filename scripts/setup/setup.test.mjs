// The parts of set-up that decide: what is stale, what is missing, who may work. Its effects (apt, npm,
// compilers) are tried by a run in a fresh clone.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { SetupFailure, mustRun, runCommand, shown } from './command.mjs';
import { fingerprint, readStamp, writeStamp } from './fingerprint.mjs';
import { withLock } from './lock.mjs';
import { isInstalled, staleOutputs } from './stages.mjs';
import { adviceFor, missingNeeds, onPath } from './system.mjs';

function folder(t) {
  const made = mkdtempSync(path.join(tmpdir(), 'drover-setup-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

test('a fingerprint changes with content, name and place of a file, and with nothing else', (t) => {
  const root = folder(t);
  const put = (file, text) => {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  };
  put('src/a.ts', 'one');
  put('src/deep/b.ts', 'two');
  const print = () => fingerprint(root, ['src', 'missing']);
  const first = print();
  put('src/a.ts', 'one');
  assert.equal(print(), first, 'written again');
  put('src/a.ts', 'on');
  put('src/deep/b.ts', 'etwo');
  assert.notEqual(print(), first, 'a byte moved from one file to the next');
  put('src/a.ts', 'one');
  put('src/deep/b.ts', 'two');
  assert.equal(print(), first, 'put back');
  put('src/c.ts', '');
  assert.notEqual(print(), first, 'an empty file more');
  assert.notEqual(fingerprint(root, ['src'], ['v2']), fingerprint(root, ['src'], ['v1']));
});

test('a stamp that is not there is no stamp', (t) => {
  const file = path.join(folder(t), 'deep/stamp');
  assert.equal(readStamp(file), undefined);
  writeStamp(file, 'abc');
  assert.equal(readStamp(file), 'abc');
});

test('installed packages count when each locked one is there in its version', () => {
  const lock = {
    packages: {
      '': { version: '0.1.0' },
      'node_modules/a': { version: '1.0.0' },
      'node_modules/for-another-system': { version: '1.0.0', optional: true },
    },
  };
  const installed = (packages) => isInstalled(lock, { packages });
  assert.equal(installed({ 'node_modules/a': { version: '1.0.0' } }), true);
  assert.equal(installed({ 'node_modules/a': { version: '1.0.1' } }), false);
  assert.equal(installed({}), false);
});

test('compiled files whose source is gone are stale, others are not', () => {
  const outputs = [
    'a.js',
    'a.js.map',
    'a.d.ts',
    'cli/gone.test.js',
    'cli/gone.d.ts',
    '.tsbuildinfo',
  ];
  assert.deepEqual(
    staleOutputs(
      outputs.map((file) => `dist/${file}`),
      ['src/a.ts'],
    ),
    ['dist/cli/gone.test.js', 'dist/cli/gone.d.ts'],
  );
});

const need = (packages, uses, has) => ({ what: packages[0], packages, uses, has: () => has });

test('only what is asked for and absent is missing', () => {
  const needs = [
    need(['a'], 'build', false),
    need(['b'], 'build', true),
    need(['c'], 'test', false),
  ];
  const names = (uses) => missingNeeds(uses, needs).map(({ what }) => what);
  assert.deepEqual(names(['build']), ['a']);
  assert.deepEqual(names(['build', 'test']), ['a', 'c']);
});

test('a user who is not root gets one exact command', () => {
  const missing = [need(['x', 'y'], 'run'), need(['y', 'z'], 'run')];
  const install = 'apt-get update && apt-get install -y --no-install-recommends x y z';
  const advice = (sudo) => adviceFor(missing, { apt: true, sudo });
  assert.ok(advice(true).includes(`    sudo sh -c '${install}'\n`), advice(true));
  assert.ok(advice(false).includes(`    su -c '${install}'\n`), advice(false));
  assert.match(adviceFor(missing, { apt: false, sudo: true }), /package manager .* x y z/);
});

test('a program is found on the path only when it can be run', (t) => {
  const here = folder(t);
  writeFileSync(path.join(here, 'tool'), '#!/bin/sh\n', { mode: 0o644 });
  writeFileSync(path.join(here, 'runs'), '#!/bin/sh\n', { mode: 0o755 });
  assert.equal(onPath('runs', `/nowhere:${here}`), path.join(here, 'runs'));
  assert.equal(onPath('absent', here), undefined);
  if (process.getuid() !== 0) assert.equal(onPath('tool', here), undefined);
});

test('a failed command is reported with its words, its end and the advice', async () => {
  const command = ['sh', '-c', 'for i in $(seq 100); do echo "line $i"; done; exit 7'];
  await assert.rejects(mustRun(command, { advice: 'Do this.' }), (error) => {
    assert.ok(error instanceof SetupFailure);
    const text = error.describe();
    assert.match(text, /failed with exit code 7/);
    assert.match(text, /line 71\n {4}line 72/);
    assert.doesNotMatch(text, /line 70\n/);
    assert.match(text, /Do this\.$/);
    return true;
  });
});

test('a command that does not exist or does not end is an answer, not a hang', async () => {
  const absent = await runCommand(['/nowhere/tool']);
  assert.equal(absent.ok, false);
  assert.match(absent.output, /ENOENT/);
  const endless = await runCommand(['sleep', '60'], { timeoutMs: 50 });
  assert.deepEqual([endless.ok, endless.timedOut], [false, true]);
});

test('words are shown as a shell would need them', () => {
  assert.equal(shown(['a', '--b=c', "it's here"]), "a --b=c 'it'\\''s here'");
});

test('two set-ups take turns', async (t) => {
  const file = path.join(folder(t), 'lock');
  const seen = [];
  const work = (name) => async () => {
    seen.push(`${name} begins`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    seen.push(`${name} ends`);
  };
  const quiet = () => {};
  await Promise.all([withLock(file, quiet, work('one')), withLock(file, quiet, work('two'))]);
  assert.deepEqual(
    seen.map((line) => line.split(' ')[1]),
    ['begins', 'ends', 'begins', 'ends'],
  );
});

const url = (file) => JSON.stringify(new URL(file, import.meta.url).href);
const HOLDER = `
  import { runCommand } from ${url('command.mjs')};
  import { withLock } from ${url('lock.mjs')};
  await withLock(process.argv[1], () => {}, async () => {
    console.log('held');
    await runCommand(['sleep', process.argv[2]]);
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  });`;

/** Takes the lock, and runs a command for `seconds` while it holds it. */
async function startHolder(t, file, seconds = 0) {
  const options = ['--input-type=module', '-e', HOLDER, file, String(seconds)];
  const child = spawn(process.execPath, options, { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

test(
  'a command that outlives a killed set-up keeps the next one out',
  { timeout: 30_000 },
  async (t) => {
    const file = path.join(folder(t), 'lock');
    const child = await startHolder(t, file, 5);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    child.kill('SIGKILL');
    const said = [];
    const take = () =>
      withLock(
        file,
        (line) => said.push(line),
        async () => 'mine',
        20,
      );
    assert.equal(await take(), 'mine');
    assert.equal(said.length, 1, 'it had to wait');
  },
);

test('a set-up that is killed does not keep its lock', { timeout: 20_000 }, async (t) => {
  const file = path.join(folder(t), 'lock');
  const child = await startHolder(t, file);
  child.kill('SIGKILL');
  assert.equal(
    await withLock(
      file,
      () => {},
      async () => 'mine',
      10,
    ),
    'mine',
  );
});

test('waiting for the lock is said and has an end', { timeout: 20_000 }, async (t) => {
  const file = path.join(folder(t), 'lock');
  await startHolder(t, file);
  const said = [];
  await assert.rejects(
    withLock(
      file,
      (line) => said.push(line),
      async () => {},
      1,
    ),
    (error) => error instanceof SetupFailure && /waited 1 s/.test(error.message),
  );
  assert.equal(said.length, 1);
});
