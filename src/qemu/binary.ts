/**
 * Resolves a QEMU as the user names it to a command that can be run. A binary is a shell command
 * prefix, so `gdb -batch -ex run --args qemu-system-x86_64` works; its last word that contains
 * `qemu-system-` names the program and the guest architecture.
 */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  openSync,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs';
import path from 'node:path';
import { isArch, platforms } from '../model/arch.js';
import type { Arch } from '../model/arch.js';
import { HarnessError } from '../model/errors.js';
import { shellQuote, splitWords } from '../model/shell.js';

/** `Target`: what it may emulate; of a command that needs a guest of ours, one that has one */
export interface QemuBinary<Target extends string = Arch> {
  /** the command prefix, ready for `sh -c` */
  readonly command: string;
  /** absolute path of the program behind it, links resolved */
  readonly program: string;
  readonly arch: Target;
  /** words before the program, or a script: QEMU may run as a child of another process */
  readonly isPrefixed: boolean;
}

export interface BinarySearch {
  /** value of PATH */
  readonly searchPath: string;
  /** where the command came from, such as `--qemu` or `QTEST_QEMU_BINARY` */
  readonly origin: string;
}

export function resolveBinary(given: string, search: BinarySearch): QemuBinary {
  const binary = resolve(given, search, isArch);
  if (!isArch(binary.arch)) throw new Error('only those are resolved');
  return { ...binary, arch: binary.arch };
}

/** Of any target that QEMU has. */
export function resolveTarget(given: string, search: BinarySearch): QemuBinary<string> {
  return resolve(given, search, () => true);
}

function resolve(
  given: string,
  search: BinarySearch,
  isKnown: (target: string) => boolean,
): QemuBinary<string> {
  const { origin } = search;
  const usage = (code: string, message: string, cause?: unknown): HarnessError =>
    new HarnessError({ code, blame: 'usage', message: `${origin}: ${message}`, cause });
  const trimmed = given.trim();
  if (trimmed === '')
    throw usage(
      'qemu-empty',
      'the name of the QEMU is empty: give a program such as qemu-system-x86_64',
    );

  // A path with blanks in it is one word when a file of exactly that name exists.
  const isOneFile = trimmed.includes('/') && isFile(trimmed);
  const words = isOneFile
    ? [{ text: trimmed, start: 0, end: trimmed.length }]
    : splitWords(trimmed);
  const word = words.findLast(({ text }) => path.basename(text).includes('qemu-system-'));
  if (word === undefined) {
    if (trimmed.includes('/') && words.length === 1 && !existsSync(trimmed))
      throw usage('qemu-missing', `cannot run '${given}': no such file`);
    throw usage(
      'qemu-name',
      `'${given}' is not a QEMU: expected a program named qemu-system-ARCH, such as qemu-system-x86_64`,
    );
  }
  const bare = word.text;
  const archName = /qemu-system-([A-Za-z0-9_]+)/.exec(path.basename(bare))?.[1] ?? '';
  if (!isKnown(archName)) {
    throw usage(
      'qemu-arch',
      `'${bare}' emulates ${archName}, but Drover has no guest for it; it has guests for ${Object.keys(platforms).join(', ')}`,
    );
  }
  const program = locate(bare, search.searchPath);
  if (program === undefined) {
    const where = bare.includes('/') ? 'no such file' : 'not found on PATH';
    throw usage('qemu-missing', `cannot run '${bare}': ${where}`);
  }
  try {
    accessSync(program, constants.X_OK);
  } catch (cause) {
    throw usage('qemu-not-executable', `cannot run '${bare}': it is not executable`, cause);
  }
  // QEMUs run in a directory of their own: a relative path must not depend on it.
  const absolute = shellQuote(bare.includes('/') ? path.resolve(bare) : bare);
  const command = trimmed.slice(0, word.start) + absolute + trimmed.slice(word.end);
  const isPrefixed = words.length > 1 || runsChild(program);
  return { command, program: realpathSync(program), arch: archName, isPrefixed };
}

/** A script without `exec` runs QEMU as a child; the usual wrapper becomes QEMU. */
function runsChild(program: string): boolean {
  const text = startOf(program).toString('latin1');
  return text.startsWith('#!') && !/\bexec/.test(text);
}

/** The first bytes of a file; empty if it is executable but not readable. */
function startOf(program: string): Buffer {
  const start = Buffer.alloc(64 * 1024);
  try {
    const file = openSync(program, 'r');
    try {
      return start.subarray(0, readSync(file, start, 0, start.length, 0));
    } finally {
      closeSync(file);
    }
  } catch {
    return Buffer.alloc(0);
  }
}

function isFile(candidate: string): boolean {
  try {
    return statSync(candidate).isFile();
  } catch {
    return false;
  }
}

/** absolute path of a command; undefined when there is none */
export function locate(name: string, searchPath: string): string | undefined {
  if (name.includes('/')) return isFile(name) ? path.resolve(name) : undefined;
  return searchPath
    .split(':')
    .filter((folder) => folder !== '')
    .map((folder) => path.join(folder, name))
    .find(isFile);
}
