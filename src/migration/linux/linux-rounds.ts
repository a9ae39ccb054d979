/**
 * A Linux guest that is booted once and migrates round after round, back and forth. It keeps itself
 * busy over many devices and complains of what it sees as wrong. In each round the destination
 * waits until both sides are compared; then the guest must run on there, and all that keeps it busy
 * must go on.
 */
import { rmSync } from 'node:fs';
import { both } from '../../model/both.js';
import { contractError } from '../../model/errors.js';
import type { ArrivalCheck } from '../../model/arrival.js';
import type { MigrationFigures, Side } from '../../model/outcome.js';
import { linuxImage } from '../../guest/linux-image.js';
import { compareArrival, stateDiffers } from '../arrival/arrival-check.js';
import { discoverAddress, setCapability, setParameters } from '../commands.js';
import type { TestContext, TestMachine } from '../context.js';
import { LegError } from '../migration.js';
import type { FlowResult } from '../migration.js';
import { Pair } from '../pair.js';
import { routeOf } from '../plan.js';
import type { ProbedQemu } from '../plan.js';
import { converge, convergeByPostcopy, requirePostcopy } from '../stress/converge.js';
import { forgetKeys } from '../stress/encryption.js';
import { retire } from '../stress/machines.js';
import type { StressTransport } from '../stress/transports.js';
import { usualStressChannels } from '../stress/transports.js';
import { usePsk } from '../tls/tls-credentials.js';
import { endMachine, requireRunning } from '../verify.js';
import { waitEvent } from '../waits.js';
import { LinuxConsole } from './linux-console.js';
import type { Beat } from './console-lines.js';
import {
  busyWith,
  consoleFile,
  linuxArgs,
  linuxFirmware,
  linuxRamBytes,
  makeDisks,
} from './linux-machine.js';
import type { LinuxDevices } from './linux-machine.js';

export interface LinuxOptions {
  readonly transport: StressTransport;
  readonly devices?: LinuxDevices;
  /** encrypted, with a key of its own for each round */
  readonly tls?: boolean;
  readonly rounds: number;
  /** hears of each round that was clean */
  readonly onRound?: (round: LinuxRound) => void;
}

export interface LinuxRound {
  readonly round: number;
  readonly figures: MigrationFigures;
  /** undefined where the two sides never stood still at one time */
  readonly arrival: ArrivalCheck | undefined;
  readonly tookMs: number;
  /** the last of the guest */
  readonly beat: Beat;
}

/** A machine, and what its guest says there. */
interface Member {
  readonly machine: TestMachine;
  readonly console: LinuxConsole;
}

interface Place {
  readonly qemu: ProbedQemu<string>;
  readonly side: Side;
  readonly round: number;
}

/** Slow enough for several iterations over what the guest writes meanwhile. */
const slowRate = { 'max-bandwidth': 200_000_000, 'downtime-limit': 30 } as const;
/** So little fits into the downtime that the migration does not end before it switches to postcopy. */
const endlessRate = { 'max-bandwidth': 100_000_000, 'downtime-limit': 1 } as const;
/** then Drover lets the rest fit into the downtime */
const patienceMs = 10_000;

/** Booted at the first QEMU of the plan; each round goes to the other one. */
export async function linuxRounds(
  context: TestContext,
  options: LinuxOptions,
): Promise<FlowResult> {
  const [here, there] = routeOf(context.plan);
  if (here === undefined || there === undefined) throw new Error('a route has two ends');
  const { devices = {} } = options;
  makeDisks(context, devices);
  context.observer.phase('launch');
  let home = await start(context, devices, { qemu: here, side: 'source', round: 0 });
  context.observer.phase('warm-up');
  await home.console.untilReady(busyWith(devices));
  let last: FlowResult = {};
  for (let round = 1; round <= options.rounds; round++) {
    const isThere = round % 2 === 1;
    const place: Place = {
      qemu: isThere ? there : here,
      side: isThere ? 'destination' : 'source',
      round,
    };
    const startMs = performance.now();
    try {
      context.observer.phase('launch');
      const next = await start(context, devices, place, runsEarly(options, round));
      const moved = await move(options, home, next, round);
      const beat = await goOn(home, next);
      context.observer.phase('end');
      await retire({ machine: home.machine, stem: home.machine.name });
      rmSync(context.file(`round${round}.mig`), { force: true });
      forgetKeys(context, round);
      home = next;
      const { figures = {}, arrival } = moved;
      // the last one that was compared says what was
      last = { figures, arrival: arrival ?? last.arrival };
      options.onRound?.({ round, figures, arrival, beat, tookMs: performance.now() - startMs });
    } catch (error) {
      const { side } = place;
      const to = `QEMU ${place.qemu.features.version} (${side}-round${round})`;
      throw new LegError(`round ${round} of ${options.rounds}, to ${to}`, error);
    }
  }
  await endMachine(home.machine);
  return last;
}

/**
 * Whether the guest runs at the destination while memory is still at the source: in every second
 * round with postcopy, and then nothing is compared.
 */
function runsEarly({ transport }: LinuxOptions, round: number): boolean {
  return transport.flow === 'postcopy' && round % 2 === 0;
}

/** @param running whether an incoming guest runs as soon as QEMU has loaded it */
async function start(
  context: TestContext,
  devices: LinuxDevices,
  { qemu, side, round }: Place,
  running = false,
): Promise<Member> {
  const image = linuxImage(context.plan.arch);
  const receives = round > 0;
  const tag = `-round${round}`;
  const machine = await context.startMachine({
    side,
    tag,
    binary: qemu.binary,
    memory: { kind: 'anon' },
    ramBytes: linuxRamBytes,
    firmware: linuxFirmware,
    incoming: receives ? 'defer' : undefined,
    paused: receives && !running,
    extraArgs: linuxArgs(context, { image, devices, stem: `${side}${tag}` }),
  });
  return { machine, console: new LinuxConsole(machine, consoleFile(context, machine.name)) };
}

/** One migration, up to the moment at which the guest may run at the destination. */
async function move(
  { transport, tls = false }: LinuxOptions,
  { machine: from, console }: Member,
  { machine: to }: Member,
  round: number,
): Promise<FlowResult> {
  const { context } = from;
  const pair = new Pair(context, {}, from, to);
  const { capabilities, parameters, takesChannels, flow } = transport;
  for (const machine of [from, to]) {
    // those of the round before are on already
    for (const name of [...capabilities, 'events']) await setCapability(machine, name);
    const all = {
      ...(takesChannels && { 'multifd-channels': usualStressChannels }),
      ...parameters,
    };
    if (Object.keys(all).length > 0) await setParameters(machine, all);
  }
  if (tls) await usePsk(pair, { tag: `-round${round}` });
  await setParameters(from, flow === 'postcopy' ? endlessRate : slowRate);
  const uri = transport.uri
    .replaceAll('$DIR', context.directory)
    .replaceAll('$ROUND', String(round));
  if (flow !== 'file') await pair.listen({ uri });
  console.requireNoComplaint();

  context.observer.phase('migrate');
  const target = uri.startsWith('tcp:') ? await discoverAddress(to) : uri;
  const migration = await pair.migrate({ uri: target });
  if (flow === 'postcopy') {
    await convergeByPostcopy(migration);
    requirePostcopy(migration);
  } else {
    await converge(migration, patienceMs);
  }
  if (flow === 'file') await pair.listen({ uri });
  await migration.until('completed', { side: 'destination' });
  const { figures } = migration;
  if (to.spec.paused !== true) return { figures };

  context.observer.phase('verify');
  await both(requireRunning(from, false), requireRunning(to, false));
  if (context.plan.arrival === 'stamps') return { figures };
  const arrival = await compareArrival(from, to);
  if (arrival.differences.length > 0) throw stateDiffers(context, arrival);
  return { figures, arrival: arrival.check };
}

/** Lets the guest run at the destination, where it must go on and see nothing wrong. */
async function goOn(left: Member, { machine, console }: Member): Promise<Beat> {
  if (machine.spec.paused === true) {
    await machine.context.interference.beforeContinue?.(machine);
    const since = machine.qmp.events.cursor;
    await machine.qmp.execute('cont');
    await waitEvent(machine, 'RESUME', since);
  }
  const beat = await console.untilAllGoesOn();
  left.console.requireNoComplaint();
  await requireRunning(left.machine, false);
  requireSameClock(left, machine, console);
  return beat;
}

/** Of guest time, which is that of the host but for the time in which the guest stood still. */
const mostAheadSeconds = 10;

/**
 * The guest's clock went on where it stopped: not back, and not further than the time that has
 * passed.
 */
function requireSameClock(left: Member, { side }: TestMachine, console: LinuxConsole): void {
  const before = left.console.lastSeen;
  const after = console.lastSeen;
  if (before === undefined || after === undefined) return;
  const guest = after.beat.seconds - before.beat.seconds;
  const host = (after.atMs - before.atMs) / 1000;
  const isOn = after.beat.number > before.beat.number && guest > 0;
  if (isOn && guest < host + mostAheadSeconds) return;
  throw contractError(
    'guest-clock-jumps',
    `the monotonic clock of the Linux guest went from ${before.beat.seconds} s to ${after.beat.seconds} s over a migration, in ${host.toFixed(3)} s of the host`,
    { side },
  );
}
