// The addon and the launcher as the package brings them, one stage of set-up for each processor: compiled here (for a
// foreign processor by Debian's cross compiler), linked so that they need the C library alone, checked, and put into
// prebuilds/linux-ARCH. Leaves out which of them a host loads: see src/native/find-native.ts.
import { chmodSync, existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { SetupFailure, mustRun } from './command.mjs';
import { emulatorOf, tryUnderEmulator } from './emulated.mjs';
import { fingerprint, readStamp, writeStamp } from './fingerprint.mjs';
import { ROOT, removeUnusableCache, versionOf } from './stages.mjs';
import { onPath } from './system.mjs';

/** Node's name of a processor, and the names that compilers, Debian and CMake have for it. */
export const TARGETS = {
  x64: { gnu: 'x86_64-linux-gnu', debian: 'amd64', processor: 'x86_64' },
  arm64: { gnu: 'aarch64-linux-gnu', debian: 'arm64', processor: 'aarch64' },
};

/** Debian 12's C library: no newer one may be needed. */
const GLIBC = '2.36';
const FILES = ['drover.node', 'drover-exec'];

const at = (...parts) => path.join(ROOT, ...parts);
const folderOf = (arch) => at('prebuilds', `linux-${arch}`);

/** What the dynamic section and the version needs of an ELF file name, as `readelf -dVW` prints them. */
export function needsOf(readelf) {
  const all = (pattern) => [...new Set([...readelf.matchAll(pattern)].map(([, name]) => name))];
  return {
    libraries: all(/\(NEEDED\)\s+Shared library: \[(.+?)\]/g),
    glibc:
      all(/Name: GLIBC_(\d[\d.]*)/g)
        .sort(byVersion)
        .at(-1) ?? '0',
    others: all(/Name: ((?:GLIBCXX|CXXABI|GCC)_\S+)/g),
  };
}

const byVersion = (a, b) => a.localeCompare(b, 'en', { numeric: true });

/** Why a file of these needs would not run on the oldest host that the package is for. */
export function unportable({ libraries, glibc, others }) {
  const foreign = libraries.filter(
    (name) => !/^(libc|libm|libpthread|libdl|ld-linux-[\w-]+)\.so\.\d+$/.test(name),
  );
  return [
    ...(foreign.length > 0 ? [`needs ${foreign.join(', ')}`] : []),
    ...(others.length > 0 ? [`needs ${others.join(', ')}`] : []),
    ...(byVersion(glibc, GLIBC) > 0 ? [`needs glibc ${glibc}, newer than ${GLIBC}`] : []),
  ];
}

const printOf = (arch) =>
  fingerprint(
    ROOT,
    ['CMakeLists.txt', 'native', 'scripts/setup/prebuild.mjs', 'scripts/get-cross-libraries.sh'],
    [arch, ...['node-addon-api', 'node-api-headers'].map(versionOf)],
    (file) => !file.startsWith(path.join('native', 'tests')),
  );

function cmakeOptions(arch, root) {
  const { gnu, processor } = TARGETS[arch];
  const library = (name) => path.join(root, 'usr/lib', gnu, `lib${name}.a`);
  const include = path.join(root, 'usr/include');
  const headers = ['node-api-headers/include', 'node-addon-api'];
  const cross =
    arch === process.arch
      ? []
      : [
          ...['-DCMAKE_SYSTEM_NAME=Linux', `-DCMAKE_SYSTEM_PROCESSOR=${processor}`],
          ...[`-DCMAKE_C_COMPILER=${gnu}-gcc`, `-DCMAKE_CXX_COMPILER=${gnu}-g++`],
        ];
  return [
    ...['-DCMAKE_BUILD_TYPE=Release', '-DDROVER_PORTABLE=ON', '-DDROVER_UNITY=ON'],
    `-DCMAKE_JS_INC=${headers.map((name) => at('node_modules', name)).join(';')}`,
    ...[`-DZLIB_INCLUDE_DIR=${include}`, `-DZLIB_LIBRARY=${library('z')}`],
    ...[`-DZSTD_INCLUDE=${include}`, `-DZSTD_LIBRARY=${library('zstd')}`],
    ...[`-DSNAPPY_INCLUDE=${include}`, `-DSNAPPY_LIBRARY=${library('snappy')}`],
    ...cross,
  ];
}

async function make(arch) {
  const options = {
    cwd: ROOT,
    logFile: at('.cache/setup', `prebuild-${arch}.log`),
    advice: 'Remove .cache/prebuild and build/prebuild-* and try again, or pack on Debian 12.',
  };
  const print = printOf(arch);
  const folder = folderOf(arch);
  rmSync(folder, { recursive: true, force: true });
  const libraries = at('.cache/prebuild', arch);
  const script = ['bash', 'scripts/get-cross-libraries.sh', TARGETS[arch].debian, libraries];
  await mustRun(script, options);
  const build = `build/prebuild-${arch}`;
  removeUnusableCache(build);
  const generator = onPath('ninja') ? ['-G', 'Ninja'] : [];
  const root = path.join(libraries, 'root');
  const words = ['cmake', '-S', '.', '-B', build, ...generator, ...cmakeOptions(arch, root)];
  await mustRun(words, options);
  await mustRun(['cmake', '--build', build, '--parallel', '2'], options);
  mkdirSync(folder, { recursive: true });
  const strip = arch === process.arch ? 'strip' : `${TARGETS[arch].gnu}-strip`;
  for (const name of FILES) {
    const file = path.join(folder, name);
    await mustRun([strip, '-o', file, at(build, 'Release', name)], options);
    chmodSync(file, 0o755);
    const { output } = await mustRun(['readelf', '-dVW', file], { ...options, logFile: undefined });
    const faults = unportable(needsOf(output));
    if (faults.length > 0) {
      throw new SetupFailure(`${file} ${faults.join(', ')}`, { advice: options.advice });
    }
  }
  await tryUnderEmulator(arch, folder);
  writeStamp(path.join(folder, '.drover-stamp'), print);
}

const kib = (file) => `${Math.round(statSync(file).size / 1024)} KiB`;

/** Set-up makes the files of `arch`, its own processor or another. */
export function prebuildStage(arch) {
  const files = FILES.map((name) => path.join(folderOf(arch), name));
  const emulator = emulatorOf(arch);
  const tried = arch === process.arch || emulator ? '' : ', not tried: there is no qemu-user here';
  return {
    id: `prebuild-${arch}`,
    title: () => `addon and launcher for linux-${arch}${tried}`,
    isFresh: () =>
      files.every((file) => existsSync(file)) &&
      readStamp(path.join(folderOf(arch), '.drover-stamp')) === printOf(arch),
    async make() {
      await make(arch);
      const sizes = files.map((file) => `${path.basename(file)} ${kib(file)}`);
      process.stderr.write(`drover set-up: linux-${arch}: ${sizes.join(', ')}\n`);
    },
  };
}
