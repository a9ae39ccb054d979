/**
 * One pair of QEMUs from its start to its end: what a sweep does with it is a story, and every way
 * in which that goes wrong is an outcome. Only cancelling throws.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { Cancelled } from '../model/deadline.js';
import { toFailure } from '../model/errors.js';
import { TestContext } from '../migration/context.js';
import type { Interference, TestContextOptions } from '../migration/context.js';
import type { PairPlan } from '../migration/plan.js';
import type { Phase } from '../model/outcome.js';
import { judge } from './judge.js';
import type { SweepRun } from './sweep-run.js';
import { isFault } from './outcome.js';
import type { SweepOutcome, SweepStep } from './outcome.js';

export interface PairRequest {
  readonly plan: PairPlan<string>;
  /** does not exist yet; removed at the end */
  readonly directory: string;
  /** for all of it, milliseconds */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** in tests of Drover */
  readonly interference?: Interference | undefined;
}

export interface CheckedPair {
  readonly outcome: SweepOutcome;
  readonly durationMs: number;
}

/** what a phase of a test is for a sweep */
const steps: Readonly<Partial<Record<Phase, SweepStep>>> = {
  launch: 'start',
  'warm-up': 'warm-up',
  migrate: 'migration',
  verify: 'comparison',
  end: 'end',
};

/** @throws Cancelled when the signal was aborted; both QEMUs have ended then, too */
export async function checkPair(
  { plan, directory, timeoutMs, signal, interference }: PairRequest,
  guest: TestContextOptions['guest'],
  story: (run: SweepRun) => Promise<SweepOutcome>,
): Promise<CheckedPair> {
  mkdirSync(directory, { mode: 0o700 });
  const startedAtMs = performance.now();
  const late = new AbortController();
  const timer = setTimeout(() => {
    late.abort(new Cancelled());
  }, timeoutMs);
  const context = new TestContext({
    ...{ plan, directory, guest, interference },
    signal: AbortSignal.any([signal, late.signal]),
    observer: {
      phase: (phase) => {
        run.step = steps[phase] ?? run.step;
      },
      status: () => undefined,
    },
  });
  const run: SweepRun = { context, step: 'start' };
  let outcome: SweepOutcome;
  try {
    outcome = await story(run);
  } catch (error) {
    outcome = await judge(run, error, late.signal.aborted ? timeoutMs : undefined);
  } finally {
    clearTimeout(timer);
  }
  try {
    outcome = await ended(context, outcome);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  if (signal.aborted) throw new Cancelled();
  return { outcome, durationMs: Math.round(performance.now() - startedAtMs) };
}

/** What goes wrong at the end does not hide a fault that was found before. */
async function ended(context: TestContext, outcome: SweepOutcome): Promise<SweepOutcome> {
  const words: string[] = [];
  try {
    const reports = await context.endAll();
    if (reports.some(({ survivors }) => survivors))
      words.push('a process started by QEMU outlived it and had to be killed');
  } catch (error) {
    words.push(toFailure(error).message);
  }
  return words.length === 0 || isFault(outcome.kind) ? outcome : { kind: 'broken', words };
}
