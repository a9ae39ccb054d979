/**
 * What of the host's state disturbs a benchmark, and the warnings about it. Reads /proc and /sys.
 */
import { readFileSync } from 'node:fs';
import os from 'node:os';

/** A member is absent if this host does not report it. */
export interface HostState {
  /** load average of the last minute, at the start */
  readonly load?: number | undefined;
  /** share of the processors' time that the hypervisor took while the benchmark ran */
  readonly steal?: number | undefined;
  /** frequency governor of the first processor */
  readonly governor?: string | undefined;
  readonly turbo?: boolean | undefined;
  /** transparent huge pages: always, madvise or never */
  readonly transparentHugePages?: string | undefined;
  /** kernel same-page merging runs */
  readonly ksm?: boolean | undefined;
  /** processors that a container may use, if that is less than all */
  readonly processorLimit?: number | undefined;
}

export class HostWatch {
  readonly #load = os.loadavg()[0];
  readonly #before = processorTime();

  state(): HostState {
    const after = processorTime();
    const before = this.#before;
    const passed = (after?.all ?? 0) - (before?.all ?? 0);
    const noTurbo = read('/sys/devices/system/cpu/intel_pstate/no_turbo');
    const ksm = read('/sys/kernel/mm/ksm/run');
    const available = os.availableParallelism();
    return {
      load: this.#load,
      steal:
        after === undefined || before === undefined || passed <= 0
          ? undefined
          : (after.stolen - before.stolen) / passed,
      governor: read('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor'),
      turbo: noTurbo === undefined ? undefined : noTurbo === '0',
      transparentHugePages: /\[(\w+)\]/.exec(
        read('/sys/kernel/mm/transparent_hugepage/enabled') ?? '',
      )?.[1],
      ksm: ksm === undefined ? undefined : ksm === '1',
      processorLimit: available < os.cpus().length ? available : undefined,
    };
  }
}

/** Pure. @param cores that the host has */
export function hostWarnings(state: HostState, cores: number): string[] {
  const { load = 0, steal = 0, governor = 'performance', ksm } = state;
  return [
    ...(load > cores / 4
      ? [`other work runs on this host: the load was ${load.toFixed(1)} on ${cores} cores`]
      : []),
    ...(steal > 0.01
      ? [`the hypervisor of this host took ${(100 * steal).toFixed(1)} % of the processors' time`]
      : []),
    ...(governor === 'performance'
      ? []
      : [`the frequency governor is ${governor}; performance varies less`]),
    ...(ksm === true ? ['the kernel merges equal pages (KSM), which takes processor time'] : []),
  ];
}

function processorTime(): { readonly all: number; readonly stolen: number } | undefined {
  // user nice system idle iowait irq softirq steal; guest time is part of user time
  const fields = /^cpu +(.*)$/m
    .exec(read('/proc/stat') ?? '')?.[1]
    ?.split(' ')
    .slice(0, 8)
    .map(Number);
  if (fields === undefined) return undefined;
  return { all: fields.reduce((sum, each) => sum + each, 0), stolen: fields[7] ?? 0 };
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}
