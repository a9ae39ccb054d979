// What `npm pack` would ship, and what the lockfile says. Leaves out installing the tarball.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { emulatorOf, tryUnderEmulator } from './setup/emulated.mjs';
import { TARGETS, needsOf, unportable } from './setup/prebuild.mjs';
import { ROOT, nativeProducts } from './setup/stages.mjs';

const readJson = (file) => JSON.parse(readFileSync(path.join(ROOT, file), 'utf8'));

let listed;

/** What npm would pack; asked once. */
function packedFiles() {
  const words = ['pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel=error'];
  listed ??= JSON.parse(execFileSync('npm', words, { cwd: ROOT, encoding: 'utf8' }))[0].files;
  return listed;
}

test('the package holds all that runs and nothing that tests', () => {
  const names = packedFiles().map((file) => file.path);
  const scripts = ['get-qemu.sh', 'get-linux-guest.sh', 'debian-archive.sh'];
  const needs = ['CMakeLists.txt', 'native/core/cancel.h', 'LICENSE', 'guest/linux/init'];
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
    /\.test\.|\.fixtures\.|\.map$|^build\/|^src\/|^native\/tests\/|^node_modules\/|\.drover-stamp$|tsbuildinfo/;
  assert.deepEqual(
    names.filter((name) => unwanted.test(name)),
    [],
  );
});

for (const arch of Object.keys(TARGETS)) {
  const folder = path.join(ROOT, 'prebuilds', `linux-${arch}`);

  test(`the package brings an addon and a launcher for linux-${arch} that run on Debian 12`, async (t) => {
    if (!existsSync(path.join(folder, '.drover-stamp'))) {
      t.skip(`no prebuilds/linux-${arch} here: 'node scripts/setup.mjs pack' makes them`);
      return;
    }
    for (const name of ['drover.node', 'drover-exec']) {
      const packed = packedFiles().find((file) => file.path === `prebuilds/linux-${arch}/${name}`);
      assert.ok(packed, `${name} is missing`);
      assert.equal(packed.mode & 0o111, 0o111, 'it can be executed');
      const words = ['-hdVW', path.join(folder, name)];
      const text = execFileSync('readelf', words, { encoding: 'utf8' });
      assert.match(text, arch === 'x64' ? /Machine:.*X86-64/ : /Machine:.*AArch64/);
      assert.deepEqual(unportable(needsOf(text)), []);
    }
    if (arch === process.arch) return;
    if (emulatorOf(arch)) await tryUnderEmulator(arch, folder);
    else t.diagnostic(`not run: there is no qemu-user for ${arch} here`);
  });
}

test('what needs a C++ library of the host, or a newer C library, is not portable', () => {
  const [addon] = nativeProducts;
  const text = execFileSync('readelf', ['-dVW', addon], { cwd: ROOT, encoding: 'utf8' });
  assert.match(unportable(needsOf(text)).join(), /libstdc\+\+\.so\.6.*GLIBCXX_3/);
  const needs = { libraries: ['libc.so.6'], others: [] };
  assert.deepEqual(unportable({ ...needs, glibc: '2.9' }), []);
  assert.deepEqual(unportable({ ...needs, glibc: '2.38' }), ['needs glibc 2.38, newer than 2.36']);
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
