/** Which machine types of which targets a command examines. Pure. */
import { usageError } from '../model/errors.js';
import { makePlan } from '../migration/plan.js';
import type { PairPlan, ProbedQemu } from '../migration/plan.js';
import { machineModes, machineName } from './document.js';
import type { MachineMode } from './document.js';
import { emptyMachines, runsGuest } from './needs.js';

/** A target that both sides have. */
export interface TargetPair {
  readonly source: ProbedQemu<string>;
  readonly destination: ProbedQemu<string>;
}

export interface MachineChecks {
  readonly plan: PairPlan<string>;
  readonly mode: MachineMode;
}

export interface MachineSelection {
  /** a regular expression that the name of the machine type contains */
  readonly machine: RegExp;
  /** only each N-th of them */
  readonly every: number;
  /** also with Drover's guest, where it runs */
  readonly live: boolean;
  readonly env: Readonly<Record<string, string>>;
}

export interface SelectedMachines {
  readonly checks: readonly MachineChecks[];
  /** names of all that both sides have, selected or not */
  readonly known: ReadonlySet<string>;
  /** machine types that the destination does not have */
  readonly onlyAtSource: readonly string[];
}

export function selectMachines(
  targets: readonly TargetPair[],
  { machine: pattern, every, live, env }: MachineSelection,
): SelectedMachines {
  const checks: MachineChecks[] = [];
  const known = new Set<string>();
  const onlyAtSource: string[] = [];
  let matching = 0;
  for (const { source, destination } of targets) {
    const target = source.binary.arch;
    const there = new Set(destination.features.machines.map(({ name }) => name));
    const machines = source.features.machines
      .map(({ name }) => name)
      .filter((name) => !emptyMachines.includes(name))
      .toSorted(byVersion);
    for (const machine of machines) {
      if (there.has(machine)) {
        for (const mode of machineModes) known.add(machineName({ target, machine, mode }));
      }
      if (!pattern.test(machine)) continue;
      if (!there.has(machine)) {
        onlyAtSource.push(`${target} ${machine}`);
        continue;
      }
      if (matching++ % every !== 0) continue;
      // where both stand still, whatever the machine, so that each is compared
      const plan = makePlan<string>({ source, destination, machine, env, arrival: 'both' });
      checks.push({ plan, mode: 'stopped' });
      if (live && runsGuest(target, machine)) checks.push({ plan, mode: 'live' });
    }
  }
  if (checks.length > 0) return { checks, known, onlyAtSource };
  throw usageError(
    'no-machine',
    `--machine ${pattern.source}: no machine type that both QEMUs have matches; --list without --machine shows them`,
  );
}

const byVersion = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true });
