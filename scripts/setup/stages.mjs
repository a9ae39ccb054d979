// The stages of set-up, in order: each knows when its product is up to date and how to make it.
// Leaves out the order of events around them (lock, messages): see setup.mjs.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { SetupFailure, mustRun, runCommand, tailOf } from './command.mjs';
import { fingerprint, listFiles, readStamp, writeStamp } from './fingerprint.mjs';
import { installMissing, missingNeeds } from './system.mjs';

export const ROOT = path.resolve(import.meta.dirname, '../..');
const at = (...parts) => path.join(ROOT, ...parts);
const logFile = (stage) => at('.cache/setup', `${stage}.log`);

export function systemStage(uses) {
  return {
    id: 'system',
    title: () =>
      `system packages (${missingNeeds(uses)
        .flatMap((need) => need.packages)
        .join(' ')})`,
    isFresh: () => missingNeeds(uses).length === 0,
    make: () => installMissing(uses, { logFile: logFile('system') }),
  };
}

/**
 * npm keeps its own record of what lies in node_modules. It must hold every package of the lockfile in
 * the locked version, but for those optional ones that are made for other systems.
 */
export function isInstalled(lock, installed) {
  return Object.entries(lock.packages).every(
    ([name, wanted]) =>
      name === '' ||
      (installed.packages[name]?.version ?? (wanted.optional ? wanted.version : undefined)) ===
        wanted.version,
  );
}

const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));
const npmRecord = at('node_modules/.package-lock.json');

export const npmStage = {
  id: 'npm',
  title: () => 'npm dependencies (npm ci)',
  isFresh: () =>
    existsSync(npmRecord) && isInstalled(readJson(at('package-lock.json')), readJson(npmRecord)),
  async make() {
    // Development dependencies hold the compiler, so they are wanted even where NODE_ENV says
    // production. The retry limits keep an offline machine from waiting for minutes.
    const quiet = ['--no-audit', '--no-fund', '--loglevel=warn', '--no-progress'];
    const retries = ['--fetch-retry-mintimeout=2000', '--fetch-retry-maxtimeout=10000'];
    await mustRun(['npm', 'ci', '--include=dev', '--include=optional', ...quiet, ...retries], {
      cwd: ROOT,
      logFile: logFile('npm'),
      advice: 'Check that the npm registry can be reached (npm ping), then run the command again.',
    });
  },
};

export const versionOf = (dependency) =>
  readJson(at('package-lock.json')).packages[`node_modules/${dependency}`]?.version ?? 'none';

export const nativeProducts = ['build/Release/drover.node', 'build/Release/drover-exec'];
const nativeStamp = at('build/Release/.drover-stamp');
const nativePrint = () =>
  fingerprint(
    ROOT,
    ['CMakeLists.txt', 'native'],
    [process.arch, versionOf('node-addon-api'), versionOf('cmake-js')],
    (file) => !file.startsWith(path.join('native', 'tests')),
  );

/** CMake refuses the cache of a tree that was moved or copied, or of a configuration that failed. */
export function removeUnusableCache(folder, source = '.') {
  const cache = at(folder, 'CMakeCache.txt');
  if (!existsSync(cache)) return;
  const home = `CMAKE_HOME_DIRECTORY:INTERNAL=${at(source)}\n`;
  const here = readFileSync(cache, 'utf8').includes(home);
  const configured = ['build.ninja', 'Makefile'].some((file) => existsSync(at(folder, file)));
  if (here && configured) return;
  rmSync(cache);
  rmSync(at(folder, 'CMakeFiles'), { recursive: true, force: true });
}

export const nativeStage = {
  id: 'native',
  title: () => 'native addon and launcher (cmake-js)',
  isFresh: () =>
    nativeProducts.every((file) => existsSync(at(file))) &&
    readStamp(nativeStamp) === nativePrint(),
  async make() {
    const print = nativePrint();
    removeUnusableCache('build');
    await mustRun(
      [
        process.execPath,
        'node_modules/cmake-js/bin/cmake-js',
        'build',
        '--config=Release',
        '--CDDROVER_UNITY=ON',
        '--parallel=2',
        '--log-level=warn',
      ],
      {
        cwd: ROOT,
        logFile: logFile('native'),
        advice:
          'If the tree changed in odd ways, remove the build folder and run the command again.',
      },
    );
    writeStamp(nativeStamp, print);
  },
};

const typescriptStamp = at('dist/.drover-stamp');
const typescriptPrint = () =>
  fingerprint(
    ROOT,
    ['src', 'tsconfig.json', 'package-lock.json'],
    [],
    (file) => !file.endsWith('.md'),
  );

/** Compiled files whose source is gone would still be found as tests, or imported. */
export function staleOutputs(outputs, sources) {
  const known = new Set(sources.map((file) => file.replace(/^src\//, '').replace(/\.ts$/, '')));
  return outputs.filter((file) => {
    const stem = /^dist\/(.+?)(?:\.d\.ts|\.js\.map|\.js)$/.exec(file)?.[1];
    return stem !== undefined && !known.has(stem);
  });
}

const compile = (project) => [
  ...[process.execPath, 'node_modules/typescript/bin/tsc'],
  ...['-p', project, '--pretty', 'false'],
];

/** The page of the HTML report: TypeScript for the browser, made one file, and one of styles. */
async function makePage(options) {
  const page = at('src/report/html/page');
  await mustRun(compile(page), options);
  await mustRun(
    [
      ...[process.execPath, 'node_modules/rollup/dist/bin/rollup', '--silent'],
      ...['--input', at('.cache/page/report/html/page/main.js')],
      ...['--format', 'iife', '--file', at('dist/report/html/page.js')],
    ],
    options,
  );
  const styles = ['page.css', 'parts.css'].map((file) => readFileSync(path.join(page, file)));
  writeFileSync(at('dist/report/html/page.css'), Buffer.concat(styles));
}

export const typescriptStage = {
  id: 'typescript',
  title: () => 'TypeScript build (tsc)',
  isFresh: () => readStamp(typescriptStamp) === typescriptPrint(),
  async make() {
    const print = typescriptPrint();
    rmSync(typescriptStamp, { force: true });
    // tsc trusts its record of what it wrote, so a file that somebody deleted would stay missing.
    if (!existsSync(at('dist/cli/main.js'))) rmSync(at('dist'), { recursive: true, force: true });
    const options = {
      cwd: ROOT,
      logFile: logFile('typescript'),
      advice: 'The source does not compile: see the errors above.',
    };
    await mustRun(compile('.'), options);
    for (const file of staleOutputs(listFiles(ROOT, 'dist'), listFiles(ROOT, 'src'))) {
      rmSync(at(file), { force: true });
    }
    await makePage(options);
    writeStamp(typescriptStamp, print);
  },
};

/** All that is made of the source. */
export const buildStages = [npmStage, nativeStage, typescriptStage];

/**
 * The guest of the tests linux/...; they are skipped without it, so that no network, or another system than Debian on
 * x86_64, is no reason to stop.
 */
export const linuxGuestStage = {
  id: 'linux-guest',
  title: () => 'Linux guest (scripts/get-linux-guest.sh)',
  isFresh: () =>
    spawnSync('bash', ['scripts/get-linux-guest.sh', '--check'], { cwd: ROOT }).status === 0,
  async make() {
    const { ok, output } = await runCommand(['bash', 'scripts/get-linux-guest.sh'], {
      cwd: ROOT,
      logFile: logFile('linux-guest'),
      timeoutMs: 300_000,
    });
    if (ok) return;
    process.stderr.write(
      `drover set-up: no Linux guest, so tests that need it are skipped: ${tailOf(output, 1)}\n`,
    );
  },
};

/** Tests of fleets are skipped without it, so that no right to install it is no reason to stop. */
export const postgresStage = {
  id: 'postgresql',
  title: () => 'PostgreSQL, for tests of fleets',
  isFresh: () => missingNeeds(['fleet']).length === 0,
  async make() {
    try {
      await installMissing(['fleet'], { logFile: logFile('postgresql') });
    } catch (error) {
      if (!(error instanceof SetupFailure)) throw error;
      process.stderr.write(
        `drover set-up: no PostgreSQL, so tests of fleets are skipped: ${error.describe()}\n`,
      );
    }
  },
};

/** What the tests use beside the system's QEMU, so that they do not depend on its version. */
export const TEST_QEMU_VERSIONS = ['7.2', '10.0', '11.1'];

/** A QEMU of another version, beside the system's own; the tests use several. */
export function qemuStage(version) {
  return {
    id: `qemu-${version}`,
    title: () => `QEMU ${version} beside the system's own (scripts/get-qemu.sh ${version})`,
    // The script knows what belongs to a version, and that a tree which was moved is stale.
    isFresh: () =>
      spawnSync('bash', ['scripts/get-qemu.sh', '--check', version], { cwd: ROOT }).status === 0,
    async make() {
      await mustRun(['bash', 'scripts/get-qemu.sh', version], {
        cwd: ROOT,
        logFile: logFile(`qemu-${version}`),
        advice:
          "Check that this machine's Debian archive can be reached, then run the command again.",
      });
    },
  };
}
