/** What it means for a pair that its story failed: the outcome that an error stands for. */
import { HarnessError, toFailure } from '../model/errors.js';
import { asString } from '../model/json.js';
import type { Side } from '../model/outcome.js';
import type { TestMachine } from '../migration/context.js';
import { QmpCommandError } from '../qmp/client.js';
import { isHostProblem, isSourcesFault, outcomeOfDeparture } from './departure.js';
import type { SweepOutcome } from './outcome.js';
import type { SweepRun } from './sweep-run.js';

/** How long a QEMU may take to go, once the other side has seen the migration fail. */
const departureMs = 5000;
/** last lines of a QEMU that are kept */
const keptLines = 6;

/** @param lateMs the time that the pair had, if that is over */
export async function judge(
  run: SweepRun,
  error: unknown,
  lateMs: number | undefined,
): Promise<SweepOutcome> {
  const during = run.step;
  const failure = toFailure(error);
  if (lateMs !== undefined) {
    // a QEMU that has died is why nothing came
    const gone = await departed(run);
    if (gone !== undefined) return gone;
    const words = [`not done within ${(lateMs / 1000).toFixed(1)} s`];
    return { kind: 'timed-out', during, words };
  }
  if (error instanceof QmpCommandError) return await judgeRefusal(run, error);
  if (failure.code === 'wrong-status') {
    const why = await whySourceFailed(run);
    if (isSourcesFault(why)) {
      const words = [why];
      return isHostProblem(words)
        ? { kind: 'broken', words }
        : { kind: 'refused', side: 'source', during, words };
    }
    const destination = machineOf(run, 'destination');
    await destination?.process.waitForExit(departureMs).catch(() => undefined);
  }
  const gone = await departed(run);
  if (gone !== undefined) return gone;
  const words = [failure.message, ...(failure.details ?? [])].slice(0, keptLines);
  if (failure.code === 'deadline') return { kind: 'timed-out', during, words };
  const isContract = error instanceof HarnessError && error.blame === 'contract';
  return isContract && during === 'migration'
    ? { kind: 'refused', side: failure.side ?? 'destination', during, words }
    : { kind: 'broken', words };
}

/** A QEMU refused a command. */
async function judgeRefusal(
  run: SweepRun,
  { command, desc, input, message }: QmpCommandError,
): Promise<SweepOutcome> {
  const words = [desc];
  // A source that cannot reach a destination that is gone refuses `migrate`, too.
  const gone = command === 'migrate' ? await departed(run) : undefined;
  if (gone !== undefined) return gone;
  if (isHostProblem(words)) return { kind: 'broken', words };
  if (command === 'migrate') return { kind: 'not-migratable', words };
  if (command === 'migrate-incoming') {
    return { kind: 'refused', side: 'destination', during: run.step, words };
  }
  return { kind: 'broken', words: [message, ...(input.details ?? [])] };
}

/** The first one of its side; those after it are only asked for descriptions. */
const machineOf = ({ context }: SweepRun, wanted: Side): TestMachine | undefined =>
  context.machines.find(({ side }) => side === wanted);

/** The source's own words, if its migration failed. */
async function whySourceFailed(run: SweepRun): Promise<string | undefined> {
  const source = machineOf(run, 'source');
  const answer = await source?.qmp.execute('query-migrate').catch(() => undefined);
  return answer?.['status'] === 'failed' ? asString(answer['error-desc']) : undefined;
}

/** What a QEMU that ended by itself means. */
async function departed(run: SweepRun): Promise<SweepOutcome | undefined> {
  for (const side of ['source', 'destination'] as const) {
    const machine = machineOf(run, side);
    if (machine === undefined || !(await machine.endedByItself())) continue;
    const { code = null, signal = null } = machine.process.status ?? {};
    const { message } = machine.process.gone(undefined);
    return outcomeOfDeparture({
      ...{ side, code, signal, message, during: run.step },
      wasUp: machine.isUp,
      words: wordsOf(machine),
    });
  }
  return undefined;
}

/** The last lines of a QEMU; without its warnings, if it said anything else. */
function wordsOf({ process, binary }: TestMachine): string[] {
  const program = /[^/]*qemu-system-[^/\s]*/.exec(binary.command)?.[0] ?? 'qemu';
  const lines = process
    .outputTail()
    .map((line) => (line.startsWith(`${program}: `) ? line.slice(program.length + 2) : line));
  const errors = lines.filter((line) => !line.startsWith('warning: '));
  return (errors.length > 0 ? errors : lines).slice(-keptLines);
}
