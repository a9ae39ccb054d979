/** Which QEMUs a command uses: options before environment variables, variables before PATH. */
import type { Arch } from '../../model/arch.js';
import { HarnessError, usageError } from '../../model/errors.js';
import { locate, resolveBinary } from '../../qemu/binary.js';
import type { QemuBinary } from '../../qemu/binary.js';
import type { QemuOptions } from '../options/options.js';
import type { Environment } from '../process/environment.js';

export interface Binaries {
  readonly source: QemuBinary;
  readonly destination: QemuBinary;
}

/** Options come before variables, and those of one side before those of both. */
export function resolveBinaries(
  options: Pick<QemuOptions, 'qemu' | 'qemuSrc' | 'qemuDst'>,
  environment: Environment,
): Binaries {
  const search = environment.searchPath;
  const pick = (
    side: readonly [string | undefined, string],
    sideVariable: readonly [string | undefined, string],
  ): QemuBinary => {
    const candidates: readonly (readonly [string | undefined, string])[] = [
      side,
      [options.qemu, '--qemu'],
      sideVariable,
      [environment.qemu, 'QTEST_QEMU_BINARY'],
    ];
    const found = candidates.find(([value]) => value !== undefined);
    if (found?.[0] !== undefined) {
      return resolveBinary(found[0], { searchPath: search, origin: found[1] });
    }
    return resolveBinary(defaultProgram(search), { searchPath: search, origin: 'PATH' });
  };
  const source = pick(
    [options.qemuSrc, '--qemu-src'],
    [environment.qemuSource, 'QTEST_QEMU_BINARY_SRC'],
  );
  const destination = pick(
    [options.qemuDst, '--qemu-dst'],
    [environment.qemuDestination, 'QTEST_QEMU_BINARY_DST'],
  );
  if (source.arch !== destination.arch) {
    throw usageError(
      'arch-mismatch',
      `the source emulates ${source.arch} and the destination ${destination.arch}: a guest cannot migrate between architectures; give two QEMUs of one architecture`,
    );
  }
  return { source, destination };
}

/**
 * Several QEMUs, all named by options: at least two, all of one architecture.
 * @param hint what to do with one QEMU
 */
export function resolveSeveral(
  given: readonly string[],
  { searchPath }: Environment,
  hint: string,
): readonly [QemuBinary, ...QemuBinary[]] {
  if (given.length < 2) {
    throw usageError(
      'too-few-qemus',
      `expected --qemu at least twice, and got ${given.length === 0 ? 'none' : `only '${String(given[0])}'`}; ${hint}`,
    );
  }
  const [first, ...others] = given.map((one) =>
    resolveBinary(one, { searchPath, origin: '--qemu' }),
  );
  if (first === undefined) throw new Error('there are at least two');
  const other = others.find(({ arch }) => arch !== first.arch);
  if (other !== undefined) {
    throw usageError(
      'arch-mismatch',
      `'${first.command}' emulates ${first.arch} and '${other.command}' ${other.arch}: a guest cannot migrate between architectures; give QEMUs of one architecture`,
    );
  }
  return [first, ...others];
}

export function defaultProgram(searchPath: string): string {
  const own: Readonly<Record<string, Arch>> = {
    x64: 'x86_64',
    arm64: 'aarch64',
    riscv64: 'riscv64',
    s390x: 's390x',
    ppc64: 'ppc64',
    loong64: 'loongarch64',
  };
  const name = `qemu-system-${own[process.arch] ?? process.arch}`;
  if (locate(name, searchPath) !== undefined) return name;
  throw new HarnessError({
    code: 'no-qemu',
    blame: 'host',
    message: `no ${name} on PATH; install it (Debian: apt-get install qemu-system) or name one with --qemu`,
  });
}
