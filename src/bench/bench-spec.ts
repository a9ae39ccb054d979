/** A scenario as the migration story takes it, and why a QEMU or the host cannot run it. Pure. */
import type { GuestShape } from '../guest/shape.js';
import type { StressSpec } from '../migration/stress/spec.js';
import { stressTransports } from '../migration/stress/transports.js';
import type { BenchTask } from '../suite/bench.js';
import type { Parameters, Scenario } from './scenario.js';

const mebibyte = 2 ** 20;
const pageBytes = 4096;

/** @param own parameters of one side of the comparison, over those of the scenario */
export function taskOf(
  { guest, machine, migration, limits }: Scenario,
  own: Parameters,
): BenchTask {
  const { capabilities = [], parameters, channels, postcopyAfter } = migration;
  const { 'downtime-limit': downtimeLimitMs = limits.downtimeLimitMs, ...others } = own;
  const transport = stressTransports.find(({ name }) => name === migration.transport);
  if (transport === undefined) throw new Error(`no transport ${migration.transport}`);
  const spec: StressSpec = {
    memory: machine.backend,
    transport: { ...transport, capabilities: [...transport.capabilities, ...capabilities] },
    channels,
    parameters: { ...parameters, ...others },
    pingPong: false,
    downtimeLimitMs: Number(downtimeLimitMs),
    patienceMs: limits.patienceMs,
    postcopyAfter,
  };
  return { spec, guest: shapeOf(guest) };
}

function shapeOf(guest: Scenario['guest']): GuestShape {
  const { memoryMiB, writers, workingSetMiB, pacePagesPerSecond, stamp } = guest;
  return {
    ramBytes: memoryMiB * mebibyte,
    pages: workingSetMiB === undefined ? undefined : (workingSetMiB * mebibyte) / pageBytes,
    writers,
    stamp,
    step: pageBytes,
    heartbeat: true,
    pacePagesPerSecond: pacePagesPerSecond === 0 ? undefined : pacePagesPerSecond,
  };
}
