// What the machine itself must have, and how Debian provides it. Presence is judged by the programs
// and files that are used, not by package names, so that other distributions and hand-built tools
// count. Leaves out QEMU versions beside the system's own: see scripts/get-qemu.sh.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, realpathSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { SetupFailure, mustRun, runCommand, shown } from './command.mjs';

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

const program = (...names) => names.some((name) => onPath(name) !== undefined);

// Debian's QEMU takes its firmware from two packages of their own. A QEMU from elsewhere brings its
// firmware along, in places that only it knows.
function firmware() {
  const qemu = onPath('qemu-system-x86_64');
  if (qemu === undefined || !onPath('dpkg') || !realpathSync(qemu).startsWith('/usr/bin/'))
    return true;
  const somewhere = (file, folders) =>
    folders.some((folder) => existsSync(path.join(folder, file)));
  return (
    somewhere('bios-256k.bin', ['/usr/share/seabios', '/usr/share/qemu']) &&
    somewhere('efi-virtio.rom', ['/usr/lib/ipxe/qemu', '/usr/share/qemu']) &&
    somewhere('kvmvapic.bin', ['/usr/share/qemu'])
  );
}

function header(name) {
  return ['/usr/include', '/usr/local/include'].some((folder) =>
    existsSync(path.join(folder, name)),
  );
}

/** clang may come without the library that drives a fuzzer. */
function libFuzzer() {
  if (!program('clang') || !program('clang++')) return false;
  const { stdout } = spawnSync('clang++', ['-print-resource-dir'], { encoding: 'utf8' });
  const libraries = path.join(stdout?.trim() ?? '', 'lib');
  return (
    existsSync(libraries) &&
    readdirSync(libraries, { recursive: true }).some((name) =>
      /libclang_rt\.fuzzer(-|\.a)/.test(path.basename(name)),
    )
  );
}

/**
 * `uses`: `build` is needed to make Drover, `run` to run it, `test` and
 * `lint` only to test and check it, `fuzz` to fuzz its parsers.
 */
export const NEEDS = [
  {
    what: 'a C++ compiler (g++)',
    packages: ['g++'],
    uses: 'build',
    has: () => program('g++', 'clang++'),
  },
  { what: 'cmake', packages: ['cmake'], uses: 'build', has: () => program('cmake') },
  {
    what: 'ninja or make',
    packages: ['ninja-build'],
    uses: 'build',
    has: () => program('ninja', 'make'),
  },
  {
    what: 'zlib and zstd (zlib.h, zstd.h)',
    packages: ['zlib1g-dev', 'libzstd-dev'],
    uses: 'build',
    has: () => header('zlib.h') && header('zstd.h'),
  },
  {
    what: 'QEMU for x86 (qemu-system-x86_64)',
    packages: ['qemu-system-x86'],
    uses: 'run',
    has: () => program('qemu-system-x86_64'),
  },
  {
    what: "QEMU's firmware and option ROMs",
    packages: ['seabios', 'ipxe-qemu', 'qemu-system-data'],
    uses: 'run',
    has: firmware,
  },
  {
    what: 'the GNU assembler and linker',
    packages: ['binutils'],
    uses: 'test',
    has: () => program('as') && program('ld') && program('objcopy'),
  },
  ...['aarch64', 'riscv64', 's390x', 'powerpc64'].map((arch) => ({
    what: `the GNU assembler and linker for ${arch}`,
    packages: [`binutils-${arch}-linux-gnu`],
    uses: 'test',
    has: () => ['as', 'ld', 'objcopy'].every((tool) => program(`${arch}-linux-gnu-${tool}`)),
  })),
  {
    what: 'doctest (doctest/doctest.h)',
    packages: ['doctest-dev'],
    uses: 'test',
    has: () => header('doctest/doctest.h'),
  },
  {
    what: 'a C++ compiler for aarch64',
    packages: ['g++-aarch64-linux-gnu'],
    uses: 'test',
    has: () => process.arch === 'arm64' || program('aarch64-linux-gnu-g++'),
  },
  {
    what: "QEMU's emulation of aarch64 programs (qemu-aarch64)",
    packages: ['qemu-user-static'],
    uses: 'test',
    has: () => process.arch === 'arm64' || program('qemu-aarch64-static', 'qemu-aarch64'),
  },
  {
    what: 'lzo and snappy (lzo/lzo1x.h, snappy-c.h)',
    packages: ['liblzo2-dev', 'libsnappy-dev'],
    uses: 'test',
    has: () => header('lzo/lzo1x.h') && header('snappy-c.h'),
  },
  {
    what: 'Chromium',
    packages: ['chromium'],
    uses: 'test',
    has: () => program('chromium', 'chromium-browser', 'google-chrome'),
  },
  { what: 'xz', packages: ['xz-utils'], uses: 'test', has: () => program('xz') },
  {
    what: 'clang-format',
    packages: ['clang-format'],
    uses: 'lint',
    has: () => program('clang-format'),
  },
  { what: 'clang-tidy', packages: ['clang-tidy'], uses: 'lint', has: () => program('clang-tidy') },
  {
    what: 'clang with libFuzzer',
    packages: ['clang', 'libclang-rt-dev'],
    uses: 'fuzz',
    has: libFuzzer,
  },
];

/** The needs of `uses` (a list) that this machine does not meet. */
export function missingNeeds(uses, needs = NEEDS) {
  return needs.filter((need) => uses.includes(need.uses) && !need.has());
}

const packagesOf = (needs) => [...new Set(needs.flatMap((need) => need.packages))];
const namesOf = (needs) => needs.map((need) => `  - ${need.what}`).join('\n');
const installCommand = (packages) => [
  ...['apt-get', 'install', '-y', '--no-install-recommends'],
  ...packages,
];

/** The message for a user without root: one line to paste. */
export function adviceFor(missing, { apt, sudo }) {
  if (!apt) {
    return `Install these with this system's package manager (Debian's names: ${packagesOf(missing).join(' ')}), then run the command again.`;
  }
  const command = `apt-get update && apt-get install -y --no-install-recommends ${packagesOf(missing).join(' ')}`;
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

const haveLists = () => {
  try {
    return readdirSync('/var/lib/apt/lists').some((name) => name.includes('_Packages'));
  } catch {
    return false;
  }
};

/** Installs what is missing when we are root; otherwise throws the command to run. */
export async function installMissing(uses, { logFile }) {
  const missing = missingNeeds(uses);
  if (missing.length === 0) return;
  if (process.getuid() !== 0) refuse(missing, ', and only root can install it');
  if (!onPath('apt-get')) refuse(missing, ', which has no apt-get');

  const options = { env: { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' }, logFile };
  const apt = ['-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=3'];
  const advice = `Check this machine's network and package sources, or install them by hand.`;
  const update = ['apt-get', ...apt, 'update'];
  const install = [...installCommand(packagesOf(missing)), ...apt];
  // Package lists that are there may still be too old: then the download fails, and one update helps.
  if (!haveLists() || !(await runCommand(install, options)).ok) {
    await mustRun(update, { ...options, advice });
    await mustRun(install, { ...options, advice });
  }
  const still = missingNeeds(uses);
  if (still.length > 0)
    refuse(still, ` even after \`${shown(installCommand(packagesOf(missing)))}\``);
}
