/** What a machine type needs beside its name, and on which ones Drover's guest runs. Data. */
import { isArch } from '../model/arch.js';
import type { Arch } from '../model/arch.js';

interface MachineNeed {
  readonly target: RegExp;
  readonly machine: RegExp;
  readonly args: readonly string[];
  readonly reason: string;
}

/** stands for a file of zeros: what never runs may be anything */
export const blankFile = '$BLANK';
export const blankBytes = 2 ** 16;

/** The last row that fits counts. */
export const machineNeeds: readonly MachineNeed[] = [
  {
    target: /^m68k$/,
    machine: /^(an5206|mcf5208evb)$/,
    args: ['-kernel', blankFile],
    reason: 'they do not start without a kernel',
  },
  {
    target: /^(mips64el|riscv64)$/,
    machine: /^(boston.*|loongson3-virt|microchip-icicle-kit)$/,
    args: ['-bios', blankFile],
    reason: 'they have no firmware of their own',
  },
  {
    target: /^(arm|aarch64)$/,
    machine: /^sx1(-v1)?$/,
    args: ['-kernel', blankFile],
    reason: 'they do not start without a kernel or flash',
  },
  {
    target: /^(arm|aarch64)$/,
    machine: /^(canon-a1100|ast2700.*)$/,
    args: ['-bios', blankFile],
    reason: 'their firmware is not part of Debian',
  },
  {
    target: /^(x86_64|i386)$/,
    machine: /^nitro$/,
    args: [
      ...['-object', 'memory-backend-ram,id=ram,size=64M', '-m', '64M'],
      ...['-machine', 'memory-backend=ram'],
    ],
    reason: 'its own RAM is of huge pages, which the host may not have',
  },
  {
    target: /^sparc$/,
    machine: /^leon3_generic$/,
    args: ['-bios', blankFile],
    reason: 'its firmware is not part of QEMU',
  },
  {
    target: /^(m68k|mips64el|ppc|ppc64|arm|aarch64)$/,
    machine:
      /^(q800|fuloong2e|amigaone|pegasos[12]|integratorcp|musicpal|realview-.*|versatile.b|vexpress-.*|xlnx-zcu102)$/,
    args: ['-audio', 'none'],
    reason: 'with -nodefaults QEMU looks for an audio backend, finds none, and ends',
  },
];

/** They have neither a processor nor RAM: there is nothing to migrate. */
export const emptyMachines: readonly string[] = ['none', 'x-remote'];

/** Without what QEMU would plug in by itself: `drover devices` is for that. */
export function machineArgs(target: string, machine: string): readonly string[] {
  const own = machineNeeds.findLast((row) => row.target.test(target) && row.machine.test(machine));
  return ['-nodefaults', ...(own?.args ?? [])];
}

/** the machine types that the guest of each architecture is made for */
const boards: Readonly<Record<Arch, RegExp>> = {
  x86_64: /^pc-(i440fx|q35)-/,
  i386: /^pc-(i440fx|q35)-/,
  aarch64: /^virt-/,
  riscv64: /^virt$/,
  s390x: /^s390-ccw-virtio-/,
  ppc64: /^pseries-/,
  loongarch64: /^virt(-|$)/,
};

/** Whether Drover has a guest that runs on this machine. */
export const runsGuest = (target: string, machine: string): target is Arch =>
  isArch(target) && boards[target].test(machine);
