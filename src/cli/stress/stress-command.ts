/**
 * `drover stress`: migrates a guest of any size round after round, and checks every byte that it
 * stamped each time.
 */
import { usageError } from '../../model/errors.js';
import { formatBytes } from '../../model/text/sizes.js';
import { buildGuestImage } from '../../guest/image.js';
import { guestSpecOf, shapedPlatform } from '../../guest/shape.js';
import type { GuestShape } from '../../guest/shape.js';
import { platforms } from '../../model/arch.js';
import type { Arch } from '../../model/arch.js';
import { guestPlatform } from '../../guest/platforms.js';
import { probeHost } from '../../migration/host/host-probes.js';
import type { PairPlan } from '../../migration/plan.js';
import type { StressSpec } from '../../migration/stress/spec.js';
import {
  unknownParameter,
  unmetSpec,
  unsupportedCapability,
} from '../../migration/stress/unmet.js';
import { needsOfSpec } from '../../suite/stress.js';
import { removeDirectory } from '../../qemu/work-directory.js';
import type { Environment } from '../process/environment.js';
import { checkRoom } from '../run/guest-room.js';
import { planPair } from '../run/plan-pair.js';
import { Qemus } from '../run/probed-qemus.js';
import { resolveBinaries } from '../run/resolve-binaries.js';
import { withExamples } from '../options/help.js';
import type { AddCommand } from '../options/help.js';
import { checkReportOptions } from '../options/report-options.js';
import { usualRounds, withStressOptions } from './stress-options.js';
import type { StressOptions } from './stress-options.js';
import { stressCommandLine } from './stress-rerun.js';
import { stressSession } from './stress-session.js';
import { makeOutputDirectory, withWorkplace } from '../run/run-workspace.js';

export const addStressCommand: AddCommand = (program, environment, finish) => {
  const command = program
    .command('stress')
    .description('migrate a guest of any size again and again, and check all of its memory');
  withStressOptions(command).action(async (options: StressOptions) => {
    finish(await stressCommand(options, environment));
  });
  withExamples(command, {
    'drover stress --memory 8G --writers 4 --duration 30m': 'new guests of 8 GiB for 30 minutes',
    'drover stress --ping-pong --rounds 100 --transport tcp --pace 500MB/s':
      'one guest, 100 migrations back and forth',
  });
};

async function stressCommand(options: StressOptions, environment: Environment): Promise<number> {
  if (options.rounds !== undefined && options.duration !== undefined) {
    throw usageError(
      'bad-stress',
      '--rounds and --duration both set the length of the run: give one of them',
    );
  }
  const { transport, channels } = options.transport;
  if (channels !== undefined && options.set.some(([name]) => name === 'multifd-channels')) {
    throw usageError(
      'bad-stress',
      `--transport ${transport.name}:${channels} and --set multifd-channels both set the number of channels: give one of them`,
    );
  }
  if (options.tls !== undefined && transport.flow === 'file') {
    throw usageError(
      'bad-stress',
      `--tls ${options.tls}: transport ${transport.name} has no connection that could be encrypted`,
    );
  }
  const unsupported = unsupportedCapability(options.capability, false);
  if (unsupported !== undefined) throw usageError('bad-stress', `--capability ${unsupported}`);
  const binaries = resolveBinaries(options, environment);
  if (options.out !== undefined) makeOutputDirectory(options.out);
  await checkReportOptions(options);
  requireWholePages(options);
  const { arch } = binaries.source;
  const guest = shapeOf(options, arch);
  const spec = specOf(options);
  checkRoom(
    {
      ramBytes: options.memory,
      memory: options.backend,
      throughFile: options.transport.transport.flow === 'file',
    },
    environment,
  );
  return await withWorkplace(environment, async (place) => {
    const { directory, probeDirectory, interruption } = place;
    const { signal } = interruption;
    const qemus = new Qemus(environment, probeDirectory, signal, options.cache);
    const planned = await planPair({ binaries, options, environment, qemus });
    if (planned.kind === 'absent') throw usageError('bad-stress', planned.reason);
    requireGuest(planned.plan, guest);
    const plan = await requireTransport(planned.plan, spec, { directory: probeDirectory, signal });
    await removeDirectory(probeDirectory);
    return await stressSession({
      options,
      environment,
      // All that a test waits for takes longer with more memory.
      plan: { ...plan, slowness: plan.slowness * deadlineFactor(options) },
      spec,
      guest,
      rounds: options.duration === undefined ? (options.rounds ?? usualRounds) : undefined,
      rerun: stressCommandLine(options, plan),
      pool: place.startPool(1),
      directory,
      interruption,
    });
  });
}

function requireWholePages({ memory, step }: StressOptions): void {
  for (const [name, bytes] of Object.entries({ memory, step })) {
    if (bytes > 0 && bytes % 4096 === 0) continue;
    throw usageError(
      'bad-stress',
      `--${name}: ${bytes} bytes are not a multiple of the smallest page size; expected a multiple of 4096, such as ${name === 'memory' ? '512M' : '4K'}`,
    );
  }
  if (step <= memory / 2) return;
  throw usageError(
    'bad-stress',
    `--step: ${formatBytes(step)} is more than half of --memory, ${formatBytes(memory)}; give a smaller step or more memory`,
  );
}

function deadlineFactor({ memory }: StressOptions): number {
  return Math.max(1, memory / 2 ** 30);
}

function shapeOf({ memory, writers, stamp, step, pace }: StressOptions, arch: Arch): GuestShape {
  return {
    ramBytes: memory,
    writers,
    stamp,
    step,
    // the test sees by it that writers make progress, where the image has one
    heartbeat: guestPlatform(arch).heartbeatAddress !== undefined,
    pacePagesPerSecond: pace,
  };
}

function specOf(options: StressOptions): StressSpec {
  const { transport, channels } = options.transport;
  return {
    memory: options.backend,
    transport: {
      ...transport,
      capabilities: [...transport.capabilities, ...options.capability],
    },
    channels,
    tls: options.tls,
    parameters: Object.fromEntries(options.set),
    pingPong: options.pingPong === true,
    downtimeLimitMs: options.downtimeLimit,
    patienceMs: options.patience,
    freeze: options.freeze,
  };
}

/** Refuses now what the guest image cannot do, instead of in each round. */
function requireGuest({ arch, machine }: PairPlan, shape: GuestShape): void {
  buildGuestImage(guestSpecOf(shapedPlatform(platforms[arch], machine, shape), machine));
}

async function requireTransport(
  plan: PairPlan,
  spec: StressSpec,
  place: { readonly directory: string; readonly signal: AbortSignal },
): Promise<PairPlan> {
  const needs = needsOfSpec(spec);
  const host = await probeHost(needs, { plan, ...place });
  const reason = unmetSpec(plan, spec, needs, host);
  if (reason !== undefined)
    throw usageError('bad-stress', `--transport ${spec.transport.name}: ${reason}`);
  const unknown = unknownParameter(plan, spec);
  if (unknown !== undefined)
    throw usageError('bad-stress', `--set ${unknown.name}: ${unknown.why}`);
  return { ...plan, host };
}
