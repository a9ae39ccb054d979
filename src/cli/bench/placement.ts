/** Whether this host has the processors, NUMA nodes and huge pages that a scenario names. */
import { existsSync, readFileSync } from 'node:fs';
import { hugePageObstacle } from '../../migration/host/huge-pages.js';
import type { StressSpec } from '../../migration/stress/spec.js';
import { locate } from '../../qemu/binary.js';

/** Why a scenario cannot run where it says; undefined if it can. */
export function placementObstacle(
  { memory, placement }: StressSpec,
  ramBytes: number,
  searchPath: string,
): string | undefined {
  for (const side of ['source', 'destination'] as const) {
    const { cpus, node } = placement?.[side] ?? {};
    if (cpus !== undefined && locate('taskset', searchPath) === undefined)
      return `machine.${side}Cpus: there is no taskset on PATH (package util-linux)`;
    const allowed = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'));
    const other = missingProcessor(cpus ?? '', allowed?.[1] ?? '');
    if (other !== undefined)
      return `machine.${side}Cpus: Drover may not use processor ${other}, only ${allowed?.[1] ?? ''}`;
    if (node !== undefined && !existsSync(`/sys/devices/system/node/node${node}`))
      return `machine.${side}Node: this host has no NUMA node ${node}`;
  }
  if (memory !== 'hugetlb') return undefined;
  return hugePageObstacle(readFileSync('/proc/meminfo', 'utf8'), 2 * ramBytes);
}

/** The first processor of a list such as 0-3,8, whose ranges ascend, that another list lacks. */
export function missingProcessor(wanted: string, allowed: string): number | undefined {
  const parts = (list: string): [number, number][] =>
    list
      .split(',')
      .filter((part) => part !== '')
      .map((part) => {
        const [first = '', last = first] = part.split('-');
        return [Number(first), Number(last)];
      });
  const has = (cpu: number): boolean =>
    parts(allowed).some(([first, last]) => cpu >= first && cpu <= last);
  for (const [first, last] of parts(wanted)) {
    for (let cpu = first; cpu <= last; cpu++) if (!has(cpu)) return cpu;
  }
  return undefined;
}
