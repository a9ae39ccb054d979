// What the machine itself must have, and how Debian provides it. Presence is judged by the programs
// and files that are used, not by package names, so that other distributions and hand-built tools
// count. Leaves out QEMU versions beside the system's own: see scripts/get-qemu.sh.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { SetupFailure, mustRun, runCommand } from './command.mjs';

/** The file that running `name` would start, or undefined. */
export function onPath(name, searchPath = process.env.PATH ?? '') {
  for (const folder of searchPath.split(path.delimiter)) {
    const file = path.join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // not in this folder
    }
  }
  return undefined;
}

const header = (name) =>
  ['/usr/include', '/usr/local/include'].some((folder) => existsSync(path.join(folder, name)));

/** clang may come without the library that drives a fuzzer. */
function libFuzzer() {
  if (!onPath('clang') || !onPath('clang++')) return false;
  const { stdout } = spawnSync('clang++', ['-print-resource-dir'], { encoding: 'utf8' });
  const libraries = path.join(stdout?.trim() ?? '', 'lib');
  return (
    existsSync(libraries) &&
    readdirSync(libraries, { recursive: true }).some((name) =>
      /libclang_rt\.fuzzer(-|\.a)/.test(path.basename(name)),
    )
  );
}

/** Debian keeps the server's programs off PATH. Its oldest version that a fleet takes is 13. */
function postgresServer() {
  const folder = '/usr/lib/postgresql';
  const versions = existsSync(folder) ? readdirSync(folder).filter((name) => name >= 13) : [];
  const places = [...versions.map((name) => path.join(folder, name, 'bin')), process.env.PATH];
  return places.some((place) => onPath('initdb', place) && onPath('postgres', place));
}

/**
 * Each row: what it is used for, Debian's packages for it, and what must be there of them: programs, headers (`.h`), or one of
 * several (`a|b`). `build` is needed to make Drover, `pack` for `npm pack`, `run` to run it, `test` and `lint` only to test and check it, `fuzz` to
 * fuzz its parsers, `fleet` to test runs over many hosts.
 */
const ROWS = [
  ['build', 'g++', 'g++|clang++'],
  ['build', 'cmake', 'cmake'],
  ['build', 'ninja-build', 'ninja|make'],
  ['build', 'zlib1g-dev libzstd-dev', 'zlib.h zstd.h'],
  ['run', 'qemu-system-x86', 'qemu-system-x86_64'],
  ['test', 'binutils', 'as ld objcopy'],
  ...['aarch64', 'riscv64', 's390x', 'powerpc64'].map((arch) => [
    'test',
    `binutils-${arch}-linux-gnu`,
    `${arch}-linux-gnu-as ${arch}-linux-gnu-ld ${arch}-linux-gnu-objcopy`,
  ]),
  ['test', 'llvm-19', 'llvm-mc-19 llvm-objcopy-19'],
  ['test', 'doctest-dev', 'doctest/doctest.h'],
  ...(process.arch === 'arm64'
    ? []
    : [
        ['test', 'g++-aarch64-linux-gnu', 'aarch64-linux-gnu-g++'],
        ['test', 'qemu-user-static', 'qemu-aarch64-static|qemu-aarch64'],
      ]),
  process.arch === 'arm64'
    ? ['pack', 'g++-x86-64-linux-gnu', 'x86_64-linux-gnu-g++']
    : ['pack', 'g++-aarch64-linux-gnu', 'aarch64-linux-gnu-g++'],
  ['test', 'liblzo2-dev libsnappy-dev', 'lzo/lzo1x.h snappy-c.h'],
  ['test', 'chromium', 'chromium|chromium-browser|google-chrome'],
  ['test', 'xz-utils zstd bzip2 lzop', 'xz zstd bzip2 lzop'],
  ['lint', 'clang-format', 'clang-format'],
  ['lint', 'clang-tidy', 'clang-tidy'],
  ['fleet', 'postgresql', 'initdb postgres', postgresServer],
  ['fuzz', 'clang libclang-rt-dev', 'clang with libFuzzer', libFuzzer],
];

const isThere = (name) => (name.endsWith('.h') ? header(name) : onPath(name) !== undefined);

export const NEEDS = ROWS.map(([uses, packages, what, has]) => ({
  what,
  packages: packages.split(' '),
  uses,
  has: has ?? (() => what.split(' ').every((word) => word.split('|').some(isThere))),
}));

/** The needs of `uses` (a list) that this machine does not meet. */
export function missingNeeds(uses, needs = NEEDS) {
  return needs.filter((need) => uses.includes(need.uses) && !need.has());
}

const packagesOf = (needs) => [...new Set(needs.flatMap((need) => need.packages))];
const namesOf = (needs) =>
  needs.map(({ what, packages }) => `  - ${what} (${packages.join(', ')})`).join('\n');
const installCommand = (needs) => [
  ...['apt-get', 'install', '-y', '--no-install-recommends'],
  ...packagesOf(needs),
];

/** The message for a user without root: one line to paste. */
export function adviceFor(missing, { apt, sudo }) {
  if (!apt) {
    return `Install these with this system's package manager (Debian's names: ${packagesOf(missing).join(' ')}), then run the command again.`;
  }
  const command = `apt-get update && ${installCommand(missing).join(' ')}`;
  const asRoot = sudo ? `sudo sh -c '${command}'` : `su -c '${command}'`;
  return `Run this, then run the command again:\n\n    ${asRoot}\n`;
}

function refuse(missing, why) {
  throw new SetupFailure(`missing on this machine${why}:\n${namesOf(missing)}`, {
    advice: adviceFor(missing, {
      apt: onPath('apt-get') !== undefined,
      sudo: onPath('sudo') !== undefined,
    }),
  });
}

/** Installs what is missing when we are root; otherwise throws the command to run. */
export async function installMissing(uses, { logFile }) {
  const missing = missingNeeds(uses);
  if (missing.length === 0) return;
  if (process.getuid() !== 0) refuse(missing, ', and only root can install it');
  if (!onPath('apt-get')) refuse(missing, ', which has no apt-get');

  const options = { env: { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' }, logFile };
  const apt = ['-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=3'];
  const advice = `Check this machine's network and package sources, or install them yourself.`;
  const update = ['apt-get', ...apt, 'update'];
  const install = [...installCommand(missing), ...apt];
  // Package lists may be absent or too old: then one update helps.
  if (!(await runCommand(install, options)).ok) {
    await mustRun(update, { ...options, advice });
    await mustRun(install, { ...options, advice });
  }
  const still = missingNeeds(uses);
  if (still.length > 0) refuse(still, ` even after \`${installCommand(missing).join(' ')}\``);
}
