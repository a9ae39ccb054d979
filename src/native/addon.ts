/**
 * The only file that loads native code: the addon, and the declarations of all that is in it.
 * Leaves out checks of ranges and Drover's error class; `src/memory` and the callers of probes add
 * those.
 *
 * Every promise of a `NativeTask` is settled from a thread of its own, never from Node's pool.
 * Native errors are plain `Error`s with the fields of `NativeError`.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HarnessError } from '../model/errors.js';
import type { NativeHostAddon } from './host-addon.js';
import type { NativeImageAddon } from './image-addon.js';
import type { NativeRamAddon } from './ram-addon.js';
import type { NativeRelayAddon } from './relay-addon.js';

export interface NativeAddon
  extends NativeRamAddon, NativeImageAddon, NativeHostAddon, NativeRelayAddon {}

/** dist/native/addon.js and src/native/addon.ts are both two folders below the package's root. */
const packageRoot = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const buildFolder = join(packageRoot, 'build', 'Release');

function missing(what: string, path: string, cause?: unknown): HarnessError {
  const why = cause === undefined ? 'is missing' : `cannot be loaded (${messageOf(cause)})`;
  return new HarnessError({
    code: 'native-unavailable',
    blame: 'host',
    message: `${what} ${why}: ${path}. Build it with 'npm run build:native' in a clone, or 'npx cmake-js@8 build -d ${packageRoot}' anywhere`,
    cause,
  });
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

const loaded = new Map<string, NativeAddon>();

/** Loads the addon, once: calling again costs nothing. `path` is for tests. */
export function loadAddon(path: string = join(buildFolder, 'drover.node')): NativeAddon {
  const before = loaded.get(path);
  if (before !== undefined) return before;
  if (!existsSync(path)) throw missing('the native addon', path);
  try {
    const addon = createRequire(import.meta.url)(path) as NativeAddon;
    loaded.set(path, addon);
    return addon;
  } catch (cause) {
    throw missing('the native addon', path, cause);
  }
}

/**
 * The launcher that ties a child's life to its parent: `drover-exec [--supervise] PARENT_PID
 * PROGRAM ARGS...`.
 */
export function launcherPath(path: string = join(buildFolder, 'drover-exec')): string {
  if (!existsSync(path)) throw missing('the launcher', path);
  return path;
}
