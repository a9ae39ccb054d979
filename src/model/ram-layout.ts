/**
 * Where a machine's RAM lies in guest-physical memory. Pure. Thresholds are QEMU's behaviour, found
 * with `info mtree -f`; a test asks each QEMU at hand again. native/core/image/address_map.cc knows
 * the same of files.
 */

/** RAM in one piece, at guest addresses [address, address + size). */
export interface RamRegion {
  readonly address: number;
  readonly size: number;
}

const MiB = 2 ** 20;
const GiB = 2 ** 30;

interface Split {
  readonly arch: RegExp;
  readonly machine: RegExp;
  /** from so much RAM on it is in two pieces */
  readonly from: number;
  /** what stays below */
  readonly low: number;
  /** where the rest is */
  readonly high: number;
}

const pc = { arch: /^(x86_64|i386)$/, high: 4 * GiB } as const;

/** What does not fit below the hole for PCI, or for devices, lies behind it. */
const splits: readonly Split[] = [
  { ...pc, machine: /q35/, from: 0xb0000000, low: 2 * GiB },
  { ...pc, machine: /^(pc|pc-i440fx-.*)$/, from: 0xe0000000, low: 3 * GiB },
  { ...pc, machine: /^microvm/, from: 3 * GiB + 1, low: 3 * GiB },
  {
    ...{ arch: /^loongarch64$/, machine: /^virt/ },
    ...{ from: 256 * MiB + 1, low: 256 * MiB, high: 2 * GiB },
  },
];

/** Everything else has its RAM in one piece, from here on; from 0 unless listed. */
const bases: readonly { readonly arch: RegExp; readonly base: number }[] = [
  { arch: /^(aarch64|arm)$/, base: 1 * GiB },
  { arch: /^riscv/, base: 2 * GiB },
];

/**
 * @param machine as QEMU calls it, such as `pc-q35-10.0`, or an alias of that, such as `q35`.
 * Regions follow one another in the memory backend.
 */
export function ramRegions(arch: string, machine: string, ramBytes: number): readonly RamRegion[] {
  const split = splits.find((row) => row.arch.test(arch) && row.machine.test(machine));
  if (split !== undefined && ramBytes >= split.from) {
    return [
      { address: 0, size: split.low },
      { address: split.high, size: ramBytes - split.low },
    ];
  }
  return [{ address: bases.find((row) => row.arch.test(arch))?.base ?? 0, size: ramBytes }];
}
