/**
 * QEMU's command line for one side of a pair, as upstream's harness puts it together (same options,
 * same order), except that the monitor, qtest and serial connections are inherited sockets instead
 * of files in a folder. Pure: strings in, strings out.
 */
import { platformOf } from './arch.js';
import type { Accelerator } from './arch.js';
import type { Side } from './outcome.js';
import type { RamRegion } from './ram-layout.js';

/**
 * Where guest RAM lives. `shmem` is a file, which both sides may map. Its name is already removed,
 * so that it cannot be left behind: QEMU inherits `descriptor` and finds it by that; `path` is the
 * name it had.
 */
export type MemoryBackend =
  | { readonly kind: 'anon' }
  | { readonly kind: 'memfd' }
  /** a memfd of huge pages, which the host must have free */
  | { readonly kind: 'hugetlb' }
  /** a file of KVM's, which only a guest under KVM can use */
  | { readonly kind: 'guest-memfd' }
  | { readonly kind: 'shmem'; readonly path: string; readonly descriptor: number };

export const memoryKinds = [
  'anon',
  'memfd',
  'shmem',
  'hugetlb',
] as const satisfies readonly MemoryBackend['kind'][];
/** of benchmarks and stress runs */
export type MemoryKind = (typeof memoryKinds)[number];
/** what a test may have */
export const everyMemoryKind = [...memoryKinds, 'guest-memfd'] as const;

export interface MachineSpec {
  readonly side: Side;
  readonly arch: string;
  readonly accel: Accelerator;
  /** extra properties of the accelerator, such as `dirty-ring-size=4096` */
  readonly accelOptions?: string | undefined;
  /** versioned machine type, such as pc-q35-7.2 */
  readonly machine: string;
  readonly ramBytes: number;
  /** where that lies, in the order of the backend */
  readonly ramRegions: readonly RamRegion[];
  /** virtual processors; default: 1 */
  readonly processors?: number;
  readonly memory: MemoryBackend;
  /** NUMA node of the host that all of it is bound to; default: none */
  readonly hostNode?: number | undefined;
  /**
   * path of the patched guest image, given as firmware; absent: the machine as QEMU makes it, with
   * its own processor, RAM and firmware, and without a guest of ours
   */
  readonly firmware?: string | undefined;
  readonly serialLog: string;
  /** `-incoming`; absent on the source */
  readonly incoming?: string;
  /** the guest does not run before `cont` */
  readonly paused?: boolean | undefined;
  readonly extraArgs?: readonly string[];
  /** `-trace` patterns */
  readonly trace?: string;
  /** where qtest logs to; default: /dev/null, without QTEST_LOG */
  readonly qtestLog?: string;
}

/** The block is named after this id, so both sides must use the same. */
export const mainBlockName = 'mig.mem';

/** Descriptors that the child inherits, in the order spawn hands them over. */
const inherited = { qmp: 3, qtest: 4, serial: 5, memory: 6 } as const;

/**
 * A QMP monitor on an inherited socket. By `-qmp`, which no release warns of: `-mon` is deprecated
 * from 11.1 on, and its successor is not in earlier ones.
 */
export function qmpArgs(): string[] {
  return ['-chardev', `socket,id=qmp,fd=${inherited.qmp}`, '-qmp', 'chardev:qmp'];
}

/** a comma inside an option value is written twice */
export function escapeValue(value: string): string {
  return value.replaceAll(',', ',,');
}

function memoryObject({ memory: backend, ramBytes, hostNode }: MachineSpec): string {
  const bound = hostNode === undefined ? '' : `,host-nodes=${hostNode},policy=bind`;
  const tail = `id=${mainBlockName},size=${ramBytes}${bound}`;
  switch (backend.kind) {
    case 'anon':
      return `memory-backend-ram,${tail},share=off`;
    case 'memfd':
      return `memory-backend-memfd,${tail},share=on`;
    case 'hugetlb':
      return `memory-backend-memfd,${tail},share=on,hugetlb=on`;
    case 'guest-memfd':
      return `memory-backend-memfd,${tail},share=on,guest-memfd=on`;
    case 'shmem':
      return `memory-backend-file,mem-path=/proc/self/fd/${inherited.memory},${tail},share=on`;
  }
}

/** upstream calls the two sides `source` and `target` in the process name */
const processName: Record<Side, string> = { source: 'source', destination: 'target' };

export function machineArgs(spec: MachineSpec): string[] {
  const accelOptions = spec.accelOptions === undefined ? '' : `,${spec.accelOptions}`;
  const { firmware } = spec;
  const { machineOptions, imageOption, cpu, tellSize, args } = platformOf(spec.arch);
  const isOurs = firmware !== undefined;
  return [
    ...(spec.trace === undefined ? [] : ['-trace', spec.trace]),
    '-chardev',
    `socket,id=qtest,fd=${inherited.qtest}`,
    '-qtest',
    'chardev:qtest',
    '-qtest-log',
    spec.qtestLog ?? '/dev/null',
    ...qmpArgs(),
    '-display',
    'none',
    '-accel',
    `${spec.accel}${accelOptions}`,
    '-machine',
    [spec.machine, ...(isOurs ? machineOptions : [])].join(','),
    '-name',
    `${processName[spec.side]},debug-threads=on`,
    ...(isOurs
      ? ['-machine', `memory-backend=${mainBlockName}`, '-object', memoryObject(spec)]
      : []),
    ...(tellSize === undefined || !isOurs ? [] : ['-m', `${spec.ramBytes}B`]),
    ...(spec.processors === undefined ? [] : ['-smp', String(spec.processors)]),
    '-chardev',
    `socket,id=serial0,fd=${inherited.serial},logfile=${escapeValue(spec.serialLog)}`,
    '-serial',
    'chardev:serial0',
    ...(spec.incoming === undefined ? [] : ['-incoming', spec.incoming]),
    ...(isOurs
      ? [...(cpu === undefined ? [] : ['-cpu', cpu[spec.accel]]), imageOption, firmware, ...args]
      : []),
    ...(spec.paused === true ? ['-S'] : []),
    ...(spec.extraArgs ?? []),
    '-accel',
    'qtest',
  ];
}
