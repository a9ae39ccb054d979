/**
 * Parses the command line of a QEMU that Drover did not start for its machine and main memory.
 * Ignores everything that is not needed to find that memory. Pure.
 */

export interface QemuWords {
  readonly arch: string;
  /** as given: `q35`, `pc-q35-10.0`; undefined for the default */
  readonly machine?: string;
  readonly ramBytes: number;
}

const program = /^qemu-system-([a-z0-9_]+)$/;
/** without any -m */
const usualRamBytes = 128 * 1024 ** 2;

/** undefined if this is not the command line of a system QEMU */
export function readQemuWords(words: readonly string[]): QemuWords | undefined {
  const arch = words.map((word) => program.exec(baseName(word))?.[1]).find((name) => name);
  // Some distributions have one program, for the architecture they run on.
  const known =
    arch ?? (words.some((word) => baseName(word) === 'qemu-kvm') ? hostArch() : undefined);
  if (known === undefined) return undefined;
  const valuesOf = (...options: string[]): string[] =>
    words.flatMap((word, index) =>
      options.includes(word.replace(/^--/, '-')) ? [words[index + 1] ?? ''] : [],
    );
  const machines = valuesOf('-M', '-machine');
  const machine = machines.map(machineOf).findLast((name) => name !== undefined);
  const backend = machines.map((value) => property(value, 'memory-backend')).findLast((id) => id);
  const backendBytes = valuesOf('-object')
    .filter((value) => property(value, 'id') === backend)
    .map((value) => sizeOf(property(value, 'size') ?? '', 'b'));
  // A backend's size counts only if the machine names it: others may be devices.
  const ramBytes =
    valuesOf('-m')
      .map(memoryOf)
      .findLast((bytes) => bytes !== undefined) ??
    (backend === undefined ? undefined : backendBytes[0]);
  return { arch: known, ramBytes: ramBytes ?? usualRamBytes, machine };
}

/** `q35`, `type=q35`, `q35,accel=kvm`; undefined when a -machine only adds properties */
function machineOf(value: string): string | undefined {
  const first = value.split(',')[0] ?? '';
  return property(value, 'type') ?? (first.includes('=') || first === '' ? undefined : first);
}

/** A doubled comma is a comma in a value; none of the values wanted here can have one. */
function property(value: string, name: string): string | undefined {
  for (const part of value.split(',')) {
    if (part.startsWith(`${name}=`)) return part.slice(name.length + 1);
  }
  return undefined;
}

function baseName(word: string): string {
  return word.slice(word.lastIndexOf('/') + 1);
}

function hostArch(): string {
  const names: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64', ia32: 'i386' };
  return names[process.arch] ?? process.arch;
}

/** `150M`, `150` (MiB), `size=4G,slots=2,maxmem=8G` */
function memoryOf(value: string): number | undefined {
  return sizeOf(property(value, 'size') ?? value.split(',')[0] ?? '', 'm');
}

const units = ['b', 'k', 'm', 'g', 't', 'p', 'e'];

function sizeOf(text: string, usualUnit: string): number | undefined {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)([bkmgtpe]?)$/i.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const power = units.indexOf((unit === '' ? usualUnit : (unit ?? usualUnit)).toLowerCase());
  return Math.round(Number(digits) * 1024 ** power);
}
