/** The QEMUs of an installation: all programs qemu-system-TARGET of a folder. */
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { fileProblem, usageError } from '../model/errors.js';
import { resolveTarget } from './binary.js';
import type { BinarySearch, QemuBinary } from './binary.js';

const program = /^qemu-system-([a-z0-9_]+)$/;

/**
 * One program or all of a folder, by target in alphabetic order. A second name of a program (Debian
 * has `qemu-system-amd64`) is left out.
 */
export function resolveInstallation(given: string, search: BinarySearch): QemuBinary<string>[] {
  let names: string[];
  try {
    names = readdirSync(given).filter((name) => program.test(name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR' || !given.includes('/')) {
      return [resolveTarget(given, search)];
    }
    throw usageError(
      'qemu-missing',
      `${search.origin}: cannot read ${given}: ${fileProblem(error)}`,
      {
        cause: error,
      },
    );
  }
  const realName = (name: string): string => path.basename(realpathSync(path.join(given, name)));
  const found = names
    // a link to nothing is no program
    .filter((name) => existsSync(path.join(given, name)))
    .filter((name) => realName(name) === name || !names.includes(realName(name)))
    .toSorted()
    .map((name) => resolveTarget(path.resolve(given, name), search));
  if (found.length > 0) return found;
  throw usageError(
    'qemu-missing',
    `${search.origin}: no program qemu-system-TARGET in the folder ${given}`,
  );
}
