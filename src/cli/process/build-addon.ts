/**
 * Builds the addon and the launcher of an installed package where it brings none that fits, before
 * the first command that needs them; says so. A clone is built by its own set-up.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { HarnessError } from '../../model/errors.js';
import { findAddon, packageRoot } from '../../native/addon.js';
import { noteOnStderr } from './print.js';

const buildMs = 20 * 60_000;
const tailLines = 12;

/** Nothing when an addon fits; otherwise builds one. @throws HarnessError `native-unavailable` */
export async function ensureAddon(root: string = packageRoot): Promise<void> {
  let failure: HarnessError;
  try {
    findAddon(root);
    return;
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    failure = error;
  }
  if (existsSync(path.join(root, 'scripts', 'setup.mjs'))) throw failure;
  noteOnStderr('the package brings no addon that fits this host:');
  for (const line of failure.input.details ?? []) noteOnStderr(`  ${line}`);
  noteOnStderr('building it, once (cmake; about a minute of processor time) ...');
  const startMs = performance.now();
  await buildAddon(root);
  noteOnStderr(
    `built in ${((performance.now() - startMs) / 1000).toFixed(1)} s: ${path.join(root, 'build', 'Release')}`,
  );
  findAddon(root);
}

/** In a folder of its own, put in its place when it is done: another Drover may build as well. */
async function buildAddon(root: string): Promise<void> {
  const place = path.join(root, 'build');
  let folder: string;
  try {
    await mkdir(place, { recursive: true });
    folder = await mkdtemp(path.join(place, 'new-'));
  } catch (cause) {
    throw cannotBuild(
      `cannot write in ${root}: run one command as the user who owns it`,
      [],
      cause,
    );
  }
  try {
    const headers = ['node-api-headers', 'node-addon-api'].map((name) =>
      path.dirname(fileURLToPath(import.meta.resolve(name))),
    );
    const [api = '', cpp = ''] = headers;
    const inc = `-DCMAKE_JS_INC=${path.join(api, 'include')};${cpp}`;
    // cmake's own choice is make, even where there is none
    const generator = isOnPath('ninja') ? ['-G', 'Ninja'] : [];
    const options = ['-DCMAKE_BUILD_TYPE=Release', '-DDROVER_UNITY=ON', inc, ...generator];
    await runCmake(['-S', root, '-B', folder, ...options]);
    await runCmake(['--build', folder, '--parallel', '2']);
    const built = path.join(folder, 'Release');
    await putInPlace(root, built, path.join(place, 'Release'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Another Drover may have built the same meanwhile, and use it already: then that one stays. */
async function putInPlace(root: string, built: string, release: string): Promise<void> {
  const fits = (): boolean => {
    try {
      findAddon(root);
      return true;
    } catch {
      return false;
    }
  };
  if (fits()) return;
  await rm(release, { recursive: true, force: true });
  try {
    await rename(built, release);
  } catch (error) {
    if (!fits()) throw error;
  }
}

function isOnPath(program: string): boolean {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter);
  return folders.some((folder) => folder !== '' && existsSync(path.join(folder, program)));
}

async function runCmake(words: readonly string[]): Promise<void> {
  // not the option timeout, whose timer outlives a program that could not be started
  const child = spawn('cmake', words, {
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: AbortSignal.timeout(buildMs),
  });
  const said: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (part: Buffer) => said.push(part));
  }
  let status: unknown[];
  try {
    status = await once(child, 'close');
  } catch (cause) {
    const isLate = cause instanceof Error && cause.name === 'AbortError';
    const why = isLate
      ? `cmake did not end within ${buildMs / 60_000} minutes`
      : 'cmake cannot be started';
    throw cannotBuild(why, [String(cause)], cause);
  }
  const [code, signal] = status;
  if (code === 0) return;
  const tail = Buffer.concat(said).toString('utf8').trimEnd().split('\n').slice(-tailLines);
  throw cannotBuild(
    `'cmake ${words.slice(0, 2).join(' ')}' ended with ${String(signal ?? code)}`,
    tail,
  );
}

function cannotBuild(why: string, details: readonly string[], cause?: unknown): HarnessError {
  return new HarnessError({
    code: 'native-unavailable',
    blame: 'host',
    message: `the native addon cannot be built: ${why}. It takes cmake, ninja or make, a C++ compiler, and the headers of zlib and zstd (Debian: cmake ninja-build g++ zlib1g-dev libzstd-dev)`,
    details,
    cause,
  });
}
