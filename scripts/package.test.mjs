// What `npm pack` would ship, and what the lockfile says. Leaves out installing the tarball.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT, nativeProducts } from './setup/stages.mjs';

const readJson = (file) => JSON.parse(readFileSync(path.join(ROOT, file), 'utf8'));

function packedFiles() {
  const words = ['pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel=error'];
  const [{ files }] = JSON.parse(execFileSync('npm', words, { cwd: ROOT, encoding: 'utf8' }));
  return files;
}

test('the package holds all that runs and nothing that tests', () => {
  const names = packedFiles().map((file) => file.path);
  const scripts = ['get-qemu.sh', 'get-linux-guest.sh', 'debian-archive.sh'];
  const needs = [...nativeProducts, 'CMakeLists.txt', 'LICENSE', 'guest/linux/init'];
  for (const needed of [...needs, ...scripts.map((name) => `scripts/${name}`)]) {
    assert.ok(names.includes(needed), `${needed} is missing`);
  }
  assert.ok(names.includes(readJson('package.json').bin.drover), 'the command is missing');
  assert.ok(
    ['x86', 'aarch64', 'riscv64', 's390x', 'ppc64', 'loongarch64'].every((folder) =>
      names.includes(`guest/${folder}/drover-${folder}.bin`),
    ),
    'a guest image is missing',
  );
  const unwanted =
    /\.test\.|\.fixtures\.|\.map$|^src\/|^native\/tests\/|^node_modules\/|\.drover-stamp$|tsbuildinfo/;
  assert.deepEqual(
    names.filter((name) => unwanted.test(name)),
    [],
  );
});

test('the launcher keeps its execute permission in the package', () => {
  const launcher = packedFiles().find((file) => file.path.endsWith('drover-exec'));
  assert.equal(launcher.mode & 0o111, 0o111);
});

test('nothing that runs needs an install script, which npm may be configured not to run', () => {
  const { packages } = readJson('package-lock.json');
  const withScripts = Object.entries(packages).filter(
    ([, entry]) => entry.hasInstallScript && !entry.dev,
  );
  assert.deepEqual(withScripts, []);
});

test('the lockfile names hashes, and no registry', () => {
  const { packages } = readJson('package-lock.json');
  for (const [name, entry] of Object.entries(packages)) {
    if (name === '') continue;
    assert.equal(entry.resolved, undefined, name);
    assert.match(entry.integrity, /^sha512-/, name);
  }
});
