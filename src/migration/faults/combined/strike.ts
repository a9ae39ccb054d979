/** Orders a combined fault, at its moment. */
import { readFileSync } from 'node:fs';
import { pause } from '../../../model/deadline.js';
import type { TestMachine } from '../../context.js';
import { descriptorLimit } from '../../../qemu/open-files.js';
import type { Pair } from '../../pair.js';
import type { Wire, WireFault } from '../../wire.js';
import type { CombinedFault } from './combination.js';
import { amountOf, wireFaultsOf } from './kinds.js';
import { freezeMachine, killMachine, limitMachine } from './outside.js';

/** bytes of a direction so far; of all connections the most */
function takenOf(wire: Wire, { connection, toward }: WireFault): number {
  const all = wire.connections.map((each) => each.toward[toward].takenBytes);
  return connection === undefined ? Math.max(0, ...all) : (all[connection] ?? 0);
}

/** Faults that a wire has from its beginning. */
export function initialFaults(fault: CombinedFault): WireFault[] {
  const { afterMs, atBytes = 0 } = fault.detail;
  return afterMs === undefined ? wireFaultsOf(fault).map((each) => ({ ...each, at: atBytes })) : [];
}

/**
 * The fault begins when its moment has come, counted from now.
 *
 * @param killed what is expected to be gone from now on
 */
export async function strike(
  pair: Pair,
  fault: CombinedFault,
  killed: Set<TestMachine>,
): Promise<void> {
  const { context, wire } = pair;
  const { afterMs, atBytes } = fault.detail;
  if (afterMs !== undefined) await pause(afterMs, context.signal);
  for (const each of wireFaultsOf(fault)) {
    if (wire === undefined) throw new Error('a fault of a channel needs a wire');
    const at = atBytes === undefined ? undefined : takenOf(wire, each) + atBytes;
    await wire.fault({ ...each, ...(at === undefined ? {} : { at }) }, context.signal);
  }
  const machine = pair[fault.direction === 'source' ? 'source' : 'destination'];
  await strikeProcess(machine, fault, killed);
}

async function strikeProcess(
  machine: TestMachine,
  fault: CombinedFault,
  killed: Set<TestMachine>,
): Promise<void> {
  if (fault.channel !== 'process' || machine.process.status !== undefined) return;
  switch (fault.fault) {
    case 'kill':
      await killMachine(machine, killed);
      break;
    case 'stop':
      await freezeMachine(machine, amountOf(fault));
      break;
    case 'descriptors':
      await limitMachine(machine, `nofile=${descriptorLimit(machine.pid, spareFiles(fault))}`);
      break;
    case 'memory':
      // GLib aborts where it gets none
      killed.add(machine);
      await limitMachine(machine, `as=${addressSpaceOf(machine.pid) + spareBytes}`);
      break;
    default:
  }
}

/** the main channel of multifd may connect, and not all others */
const spareFiles = ({ mode }: CombinedFault): number => (mode === 'multifd' ? 2 : 0);

const spareBytes = 2 ** 20;

function addressSpaceOf(pid: number): number {
  const kib = /^VmSize:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) * 1024;
}
