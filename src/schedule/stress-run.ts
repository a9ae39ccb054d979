/** The rounds of a stress run: one guest after another, each an attempt of one or more rounds. */
import { readFileSync, readdirSync } from 'node:fs';
import { endlessMs } from '../model/deadline.js';
import type { OwnUse } from '../model/stress.js';
import type { RoundReport, StressTask } from '../suite/stress.js';
import { startTask } from './attempts.js';
import type { AttemptsSetup, Ended } from './attempts.js';
import type { Counts } from './policy.js';

export interface StressRequest extends Pick<
  AttemptsSetup,
  'plan' | 'pool' | 'directory' | 'keep' | 'evidenceDirectory' | 'emit' | 'clock'
> {
  readonly path: string;
  /** with the architecture: the name in events and reports */
  readonly name: string;
  readonly stress: Omit<StressTask, 'firstRound'>;
  readonly rerun: string;
  /** start another guest after one whose memory was damaged */
  readonly keepGoing: boolean;
  /** whether another round follows */
  readonly isMore: (round: number) => boolean;
  readonly signal: AbortSignal;
}

export async function runStress(input: StressRequest): Promise<{ readonly counts: Counts }> {
  const { signal, keepGoing } = input;
  const counts: Counts = { passed: 0, failed: 0, broken: 0, skipped: 0, cancelled: 0 };
  for (let life = 1, round = 1; ; life += 1, round += 1) {
    const { outcome, lastRound } = await runLife(input, life, round, counts);
    round = lastRound;
    // the rounds that passed were reported one by one
    if (outcome.kind === 'passed') return { counts };
    counts[outcome.kind] += 1;
    const isDamage = outcome.kind === 'failed' && outcome.failure.code === 'memory-damaged';
    if (!keepGoing || !isDamage || signal.aborted || !input.isMore(round)) return { counts };
  }
}

async function runLife(
  input: StressRequest,
  life: number,
  firstRound: number,
  counts: Counts,
): Promise<Ended & { readonly lastRound: number }> {
  const { signal, clock, emit, isMore } = input;
  const of = { test: input.name, attempt: firstRound };
  let startMs = clock();
  const passed = ({ figures, migration, verdict, durationMs, phases }: RoundReport): void => {
    counts.passed += 1;
    emit({
      type: 'test-finished',
      atMs: clock(),
      ...of,
      outcome: { kind: 'passed', verdict, figures: migration },
      durationMs,
      phases,
      round: { ...figures, drover: ownUse() },
    });
  };
  const started = startTask(
    // each wait of a round has a deadline; the user sets the number of rounds
    { ...input, timeoutMs: endlessMs, rerun: () => input.rerun },
    {
      of,
      task: { path: input.path, stress: { ...input.stress, firstRound } },
      directoryName: `stress-${life}`,
      keptName: () => `stress-round-${of.attempt}`,
      onRound: (message, next) => {
        if (message.type === 'round') {
          passed(message.report);
          next(isMore(message.report.round) && !signal.aborted);
          return;
        }
        of.attempt = message.round;
        startMs = clock();
        emit({ type: 'test-started', atMs: startMs, ...of });
      },
    },
  );
  signal.addEventListener('abort', started.cancel, { once: true });
  if (signal.aborted) started.cancel();
  const ended = await started.ended;
  signal.removeEventListener('abort', started.cancel);
  if (ended.outcome.kind !== 'passed') {
    const { outcome, timeline, directory } = ended;
    const atMs = clock();
    emit({
      type: 'test-finished',
      atMs,
      ...of,
      outcome,
      durationMs: atMs - startMs,
      phases: [],
      timeline,
      directory,
    });
  }
  return { ...ended, lastRound: of.attempt };
}

/** Memory and descriptors of this process: a run of days must not lose any. */
function ownUse(): OwnUse {
  return {
    memoryBytes: privateBytes(),
    descriptors: readdirSync('/proc/self/fd').length,
  };
}

/** resident, and not shared: guests' memory is mapped while it is checked */
function privateBytes(): number {
  const kib = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return kib === undefined ? process.memoryUsage.rss() : Number(kib) * 1024;
}
