/**
 * The only file that loads native code: the addon, and the declarations of all that is in it.
 * Leaves out checks of ranges and Drover's error class; `src/memory` and the callers of probes add
 * those.
 *
 * Every promise of a `NativeTask` is settled from a thread of its own, never from Node's pool.
 * Native errors are plain `Error`s with the fields of `NativeError`.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { HarnessError } from '../model/errors.js';
import { nativePlaces, obstacle } from './find-native.js';
import type { NativePlace } from './find-native.js';
import type { NativeHostAddon } from './host-addon.js';
import type { NativeImageAddon } from './image-addon.js';
import type { NativeRamAddon } from './ram-addon.js';
import type { NativeRelayAddon } from './relay-addon.js';

export interface NativeAddon
  extends NativeRamAddon, NativeImageAddon, NativeHostAddon, NativeRelayAddon {}

/** dist/native/addon.js and src/native/addon.ts are both two folders below the package's root. */
export const packageRoot = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..');

export interface LoadedAddon {
  readonly addon: NativeAddon;
  readonly place: NativePlace;
  /** what was tried before and did not fit, with the reason */
  readonly passedOver: readonly string[];
}

const loaded = new Map<string, LoadedAddon>();

/** The first addon below `root` that fits this process. Finds it once; calling again costs nothing. */
export function findAddon(root: string = packageRoot): LoadedAddon {
  const before = loaded.get(root);
  if (before !== undefined) return before;
  const passedOver: string[] = [];
  for (const place of nativePlaces(root)) {
    const file = path.join(place.folder, 'drover.node');
    const found = load(file);
    if (typeof found !== 'string') {
      const result = { addon: found, place, passedOver };
      loaded.set(root, result);
      return result;
    }
    passedOver.push(`${file} ${found}`);
  }
  throw unavailable('native addon', root, passedOver);
}

/** The addon in `file`, or why it cannot be loaded. */
function load(file: string): NativeAddon | string {
  const why = obstacle(file);
  if (why !== undefined) return why;
  try {
    return createRequire(import.meta.url)(file) as NativeAddon;
  } catch (cause) {
    return `cannot be loaded (${cause instanceof Error ? cause.message : String(cause)})`;
  }
}

/** `root` is for tests. */
export function loadAddon(root?: string): NativeAddon {
  return findAddon(root).addon;
}

/**
 * The launcher that ties a child's life to its parent: `drover-exec [--supervise] PARENT_PID
 * PROGRAM ARGS...`. It lies beside the addon, was made with it and needs no more of the host.
 */
export function launcherPath(root: string = packageRoot): string {
  const file = path.join(findAddon(root).place.folder, 'drover-exec');
  const why = obstacle(file);
  if (why !== undefined) throw unavailable('launcher', root, [`${file} ${why}`]);
  return file;
}

function unavailable(what: string, root: string, details: readonly string[]): HarnessError {
  return new HarnessError({
    code: 'native-unavailable',
    blame: 'host',
    message: `no ${what} for this host (linux-${process.arch}) in ${root}. Build it with 'npm run build:native' in a clone; an installed drover builds it by itself where cmake, a C++ compiler and the headers of zlib and zstd are`,
    details,
  });
}
