/**
 * The processor that an exported ELF file names: from --arch, the source's own ELF header, or the
 * machine type.
 */
import type { MemoryImage } from '../../../memory/image.js';

export interface ElfTarget {
  /** e_machine; 0 where the architecture is not known */
  readonly machine: number;
  readonly bigEndian: boolean;
}

export const machineX86_64 = 62;

/** by the names of QEMU's targets; numbers as the ELF specifications assign them */
const targets: Readonly<Record<string, ElfTarget>> = {
  x86_64: { machine: machineX86_64, bigEndian: false },
  i386: { machine: 3, bigEndian: false },
  aarch64: { machine: 183, bigEndian: false },
  arm: { machine: 40, bigEndian: false },
  riscv64: { machine: 243, bigEndian: false },
  riscv32: { machine: 243, bigEndian: false },
  loongarch64: { machine: 258, bigEndian: false },
  s390x: { machine: 22, bigEndian: true },
  ppc64: { machine: 21, bigEndian: true },
  // No target of QEMU: guests of ppc64 that run in the other byte order.
  ppc64le: { machine: 21, bigEndian: false },
};
const unknown: ElfTarget = { machine: 0, bigEndian: false };

/**
 * machine types of one architecture, and names of main memory where several have a machine of that
 * name
 */
const architectures: readonly (readonly [RegExp, string])[] = [
  [/^(pc|q35|isapc|microvm)/, 'x86_64'],
  [/^s390-ccw-virtio/, 's390x'],
  [/^pseries/, 'ppc64'],
  [/^versatile/, 'arm'],
  [/^mach-virt\.ram$/, 'aarch64'],
  [/^riscv_virt_board\.ram$/, 'riscv64'],
  [/^loongarch\.ram$/, 'loongarch64'],
];

export async function elfTarget(
  image: MemoryImage,
  { arch, machine }: { readonly arch?: string | undefined; readonly machine?: string | undefined },
): Promise<ElfTarget> {
  if (arch !== undefined) return targets[arch] ?? unknown;
  if (image.format === 'elf') {
    const head = await image.readInput(0, 0, 20);
    const bigEndian = head[5] === 2;
    return { bigEndian, machine: bigEndian ? head.readUInt16BE(18) : head.readUInt16LE(18) };
  }
  const names = [machine ?? image.report?.machine ?? '', ...image.blocks.map(({ name }) => name)];
  const known = architectures.find(([pattern]) => names.some((name) => pattern.test(name)));
  return known === undefined ? unknown : (targets[known[1]] ?? unknown);
}
