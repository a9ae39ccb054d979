/** One migration of a running guest, from one machine to another. */
import { HarnessError, contractError } from '../../model/errors.js';
import type { Measured, Timeline } from '../../model/measured.js';
import type { MigrationFigures } from '../../model/outcome.js';
import type { RoundFigures } from '../../model/stress.js';
import { discoverAddress, setParameters } from '../commands.js';
import type { TestContext, TestMachine } from '../context.js';
import type { Migration } from '../migration.js';
import { Pair } from '../pair.js';
import { trickleRate, untilTracked } from '../tracking.js';
import {
  continuePaused,
  converge,
  convergeByPause,
  convergeByPostcopy,
  fullRate,
  requirePostcopy,
} from './converge.js';
import type { DevicePulses } from './device-pulses.js';
import { encrypt } from './encryption.js';
import { freezeInTurn } from './freeze.js';
import { Meter } from './meter.js';
import { Probes } from './probes.js';
import type { StressSpec } from './spec.js';

export interface Move {
  readonly context: TestContext;
  readonly spec: StressSpec;
  readonly from: TestMachine;
  readonly to: TestMachine;
  readonly round: number;
  /** with probes, where the guest has them */
  readonly pulses?: DevicePulses | undefined;
}

export interface Moved {
  readonly migration: MigrationFigures;
  readonly figures: Omit<RoundFigures, 'verifyMs' | 'verifiedPages'>;
  readonly measured: Measured;
  /** with probes */
  readonly course?: Timeline | undefined;
}

export async function moveGuest(move: Move): Promise<Moved> {
  const { context, spec, from, to, round, pulses } = move;
  const { transport } = spec;
  const uri = transport.uri
    .replaceAll('$DIR', context.directory)
    .replaceAll('$ROUND', String(round));
  const pair = new Pair(context, { listen: uri }, from, to);
  await using probes =
    spec.probes === true ? await Probes.start({ from, to, pulses }, transport.flow) : undefined;
  await encrypt(pair, spec, round);
  await setParameters(from, trickleRate);
  if (transport.flow !== 'file') await pair.listen({ uri });
  const target = transport.flow === 'file' ? uri : await addressOf(to, uri);
  const migrating = await pair.migrate({ uri: target });
  const isPostcopy = transport.flow === 'postcopy';
  const { pauseAfter, patienceMs } = spec;
  await slowStart(migrating);
  const startMs = performance.now();
  const meter = await Meter.start(migrating);
  probes?.follow(migrating);
  await setParameters(from, {
    'max-bandwidth': spec.parameters['max-bandwidth'] ?? fullRate,
    // Postcopy and the stop must come before the rest fits into the downtime limit.
    'downtime-limit': isPostcopy || pauseAfter !== undefined ? 1 : spec.downtimeLimitMs,
  });
  const forced = await whileHeld(move, async () => {
    if (isPostcopy) return await convergeByPostcopy(migrating, spec, meter.sentBeforeBytes);
    if (pauseAfter !== undefined) return await convergeByPause(migrating, pauseAfter);
    return await converge(migrating, patienceMs);
  });
  // the figures of precopy say nothing about postcopy; a stress run measures nothing
  if (isPostcopy && spec.autostart === true) requirePostcopy(migrating);
  const migration = migrating.figures;
  if (transport.flow === 'file') await pair.listen({ uri });
  await migrating.until('completed', { side: 'destination' });
  const migrationMs = performance.now() - startMs;
  if (pauseAfter !== undefined) await continuePaused(migrating);
  if (spec.autostart === true) await migrating.untilEvent('RESUME', 'destination');
  const measured = meter.read(transport.flow === 'file');
  const used = { source: measured.sourceProcessorMs, destination: measured.destinationProcessorMs };
  const probed = await probes?.finish(migrating, meter.moments(), used);
  return {
    migration,
    figures: {
      migrationMs,
      forced,
      downtimeMs: migration.downtimeMs,
      transferredBytes: migration.transferredBytes,
      passes: migration.dirtySyncCount,
    },
    measured: { ...measured, ...probed?.figures },
    course: probed?.timeline,
  };
}

/**
 * @throws HarnessError `idle-guest`: at the rate of the start the migration completed before what
 * is measured could begin
 */
async function slowStart(migrating: Migration): Promise<void> {
  try {
    await untilTracked(migrating);
  } catch (cause) {
    const hasCompleted =
      cause instanceof HarnessError &&
      cause.code === 'wrong-status' &&
      cause.input.lastSeen?.endsWith('completed') === true;
    if (!hasCompleted) throw cause;
    throw contractError(
      'idle-guest',
      'the guest wrote so little that the migration completed during its slow start, before Drover lifted the bandwidth limit: give the guest more memory (memoryMiB, --memory) or a higher pace (pacePagesPerSecond, --pace), or free the processors of a busy host, which may have kept the guest from running',
      { ...cause.input, cause },
    );
  }
}

async function addressOf(to: TestMachine, uri: string): Promise<string> {
  return uri.startsWith('tcp:') ? await discoverAddress(to) : uri;
}

/** the first QEMU is stopped within this time: the migration of a small guest takes no longer */
const heldWithinMs = 300;

async function whileHeld<T>(move: Move, work: () => Promise<T>): Promise<T> {
  const { spec, from, to, context } = move;
  if (spec.freeze === undefined) return await work();
  const bySide = { [from.side]: from, [to.side]: to };
  const machines = spec.freeze.sides.flatMap((side) => bySide[side] ?? []);
  const freezing = freezeInTurn({
    machines,
    ms: spec.freeze.ms,
    withinMs: heldWithinMs,
    random: Math.random,
    signal: context.signal,
  });
  const [done, frozen] = await Promise.allSettled([work(), freezing]);
  if (done.status === 'rejected') throw done.reason;
  if (frozen.status === 'rejected') throw frozen.reason;
  return done.value;
}
