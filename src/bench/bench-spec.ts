/** A scenario as the migration story takes it, and why a QEMU or the host cannot run it. Pure. */
import type { GuestShape } from '../guest/shape.js';
import type { StressSpec } from '../migration/stress/spec.js';
import { usageError } from '../model/errors.js';
import type { HotPart } from '../model/stamps.js';
import type { BenchTask } from '../suite/bench.js';
import type { Parameters } from '../suite/scenario-input.js';
import { rowOf } from './contradiction.js';
import type { Scenario } from './scenario.js';

const mebibyte = 2 ** 20;
export const pageBytes = 4096;
/** what QEMU accepts */
const mostDowntimeMs = 2_000_000;

/**
 * @param own parameters of one side of the comparison, over those of the scenario
 * @param probes measure what QEMU itself does not report
 * @throws HarnessError `bad-bench`
 */
export function taskOf(
  { guest, machine, migration, limits }: Scenario,
  own: Parameters,
  probes = true,
): BenchTask {
  const { capabilities = [], parameters, channels, tls, tlsPriority } = migration;
  const { 'downtime-limit': ownLimitMs, ...others } = own;
  const { dirtyRingSize: ringSize } = machine;
  const transport = rowOf(migration);
  if (transport === undefined) throw new Error(`no transport ${migration.transport}`);
  if (ownLimitMs !== undefined && transport.flow === 'postcopy') {
    throw usageError('bad-bench', '--b-parameter downtime-limit: it does not apply to postcopy');
  }
  const downtimeLimitMs = ownLimitMs ?? limits.downtimeLimitMs;
  if (typeof downtimeLimitMs !== 'number' || downtimeLimitMs > mostDowntimeMs) {
    throw usageError(
      'bad-bench',
      `--b-parameter downtime-limit: expected whole milliseconds from 0 to ${mostDowntimeMs}, not '${String(ownLimitMs)}'`,
    );
  }
  const spec: StressSpec = {
    memory: machine.backend,
    transport: { ...transport, capabilities: [...transport.capabilities, ...capabilities] },
    ...{ channels, tls, tlsPriority },
    parameters: { ...parameters, ...others },
    accelOptions: ringSize === undefined ? undefined : `dirty-ring-size=${ringSize}`,
    placement: {
      source: { cpus: machine.sourceCpus, node: machine.sourceNode },
      destination: { cpus: machine.destinationCpus, node: machine.destinationNode },
    },
    pingPong: false,
    downtimeLimitMs,
    patienceMs: limits.patienceMs,
    postcopyAfter: migration.postcopyAfter,
    postcopyAfterBytes: migration.postcopyAfterBytes,
    pauseAfter: migration.pauseAfter,
    probes,
  };
  return { spec, guest: shapeOf(guest) };
}

/** Pieces of the rest are such that the hot part has its share of the writes. */
function hotPart(hotMiB: number, { writers, hotPercent = 0 }: Scenario['guest']): HotPart {
  const pages = Math.max(1, Math.floor((hotMiB * mebibyte) / pageBytes / writers));
  const coldPages = Math.max(1, Math.round((pages * (100 - hotPercent)) / hotPercent));
  return { pages, coldPages };
}

function shapeOf(guest: Scenario['guest']): GuestShape {
  const { memoryMiB, writers, workingSetMiB, hotMiB, pacePagesPerSecond, stamp } = guest;
  return {
    ramBytes: memoryMiB * mebibyte,
    pages: workingSetMiB === undefined ? undefined : (workingSetMiB * mebibyte) / pageBytes,
    hot: hotMiB === undefined ? undefined : hotPart(hotMiB, guest),
    writers,
    stamp,
    step: pageBytes,
    heartbeat: true,
    pacePagesPerSecond: pacePagesPerSecond === 0 ? undefined : pacePagesPerSecond,
  };
}
