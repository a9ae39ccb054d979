/** The targets that two QEMU installations have in common, and what each QEMU can do. */
import { usageError } from '../../model/errors.js';
import type { TargetPair } from '../../machines/select.js';
import type { QemuBinary } from '../../qemu/binary.js';
import { resolveInstallation } from '../../qemu/installation.js';
import { locate } from '../../qemu/binary.js';
import path from 'node:path';
import { walk } from '../../sweep/walk.js';
import type { Environment } from '../process/environment.js';
import type { Qemus } from '../run/probed-qemus.js';
import type { MachinesOptions } from './machines-options.js';

export interface Installations {
  /** the folder or program that was named */
  readonly source: string;
  readonly destination: string;
  readonly pairs: readonly BinaryPair[];
  /** targets that the destination does not have */
  readonly onlyAtSource: readonly string[];
}

interface BinaryPair {
  readonly source: QemuBinary<string>;
  readonly destination: QemuBinary<string>;
}

/** Options come before variables, as for other commands; without either the QEMUs on PATH. */
export function resolveInstallations(
  { qemu, qemuSrc, qemuDst, arch }: MachinesOptions,
  environment: Environment,
): Installations {
  const { searchPath } = environment;
  const pick = (
    side: string | undefined,
    origin: string,
    variable: string | undefined,
  ): readonly [string, QemuBinary<string>[]] => {
    const given = side ?? qemu ?? variable ?? environment.qemu ?? folderOnPath(searchPath);
    return [given, resolveInstallation(given, { searchPath, origin })];
  };
  const [source, all] = pick(qemuSrc, '--qemu-src', environment.qemuSource);
  const [destination, others] = pick(qemuDst, '--qemu-dst', environment.qemuDestination);
  const known = new Set(all.map((binary) => binary.arch));
  const unknown = arch?.find((name) => !known.has(name));
  if (unknown !== undefined) {
    throw usageError(
      'no-target',
      `--arch ${unknown}: ${source} has no such target; it has ${[...known].join(', ')}`,
    );
  }
  const wanted = all.filter((binary) => arch?.includes(binary.arch) ?? true);
  const there = new Map(others.map((binary) => [binary.arch, binary]));
  const pairs = wanted.flatMap((binary) => {
    const other = there.get(binary.arch);
    return other === undefined ? [] : [{ source: binary, destination: other }];
  });
  const onlyAtSource = wanted.flatMap(({ arch: name }) => (there.has(name) ? [] : [name]));
  if (pairs.length > 0) return { source, destination, pairs, onlyAtSource };
  throw usageError('arch-mismatch', `${source} and ${destination} have no target in common`);
}

function folderOnPath(searchPath: string): string {
  const program = locate('qemu-system-x86_64', searchPath);
  if (program !== undefined) return path.dirname(program);
  throw usageError(
    'no-qemu',
    'no qemu-system-x86_64 on PATH; name a folder or a program with --qemu',
  );
}

/** Each QEMU is asked what it can do, `jobs` at the same time. */
export async function probedTargets(
  pairs: readonly BinaryPair[],
  qemus: Qemus,
  place: { readonly directory: string; readonly signal: AbortSignal; readonly jobs: number },
): Promise<TargetPair[]> {
  const { results, failure } = await walk({
    ...place,
    items: pairs,
    onResult: async () => Promise.resolve(),
    check: async ({ item: { source, destination } }) => ({
      source: { binary: source, features: await qemus.features(source) },
      destination: { binary: destination, features: await qemus.features(destination) },
    }),
  });
  if (failure !== undefined) throw failure;
  place.signal.throwIfAborted();
  return results;
}
