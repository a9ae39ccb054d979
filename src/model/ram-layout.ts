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

interface Base {
  readonly arch: RegExp;
  /** default: all */
  readonly machine?: RegExp;
  readonly base: number;
}

/**
 * Everything else has its RAM in one piece, from here on; from 0 unless listed. The first row that
 * fits counts. Those of boards were found by `drover machines`.
 */
const bases: readonly Base[] = [
  {
    arch: /^(aarch64|arm)$/,
    machine: /^(raspi|npcm|kudo-bmc|mori-bmc|quanta-g|xilinx-zynq|xlnx-|amd-versal)/,
    base: 0,
  },
  {
    arch: /^(aarch64|arm)$/,
    machine:
      /^(ast2[56]|(?!palmetto|supermicrox11)\w+-bmc$|supermicro-|imx25-|kzm$|mcimx|mps2-an(505|521))/,
    base: 2 * GiB,
  },
  { arch: /^(aarch64|arm)$/, machine: /^collie$/, base: 3 * GiB },
  { arch: /^(aarch64|arm)$/, machine: /^sabrelite$/, base: 0x10000000 },
  { arch: /^aarch64$/, machine: /^sbsa-ref$/, base: 2 ** 40 },
  { arch: /^(aarch64|arm)$/, base: 1 * GiB },
  { arch: /^riscv/, machine: /^(k230|tt-atlantis)$/, base: 0 },
  { arch: /^riscv/, base: 2 * GiB },
  { arch: /^m68k$/, machine: /^next-cube$/, base: 0x4000000 },
  { arch: /^microblaze/, machine: /ml605/, base: 0x50000000 },
  { arch: /^microblaze/, machine: /s3adsp1800/, base: 0x90000000 },
  { arch: /^sh4/, machine: /^r2d$/, base: 0xc000000 },
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
  const row = bases.find(
    (one) => one.arch.test(arch) && (one.machine === undefined || one.machine.test(machine)),
  );
  return [{ address: row?.base ?? 0, size: ramBytes }];
}
