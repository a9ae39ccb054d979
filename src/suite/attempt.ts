/**
 * One attempt of one test, from its private directory to its outcome: runs the definition under a
 * deadline, examines a failure while both QEMUs still run, ends everything, and checks that no
 * process is left. Never throws.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { Cancelled } from '../model/deadline.js';
import { HarnessError, isAssertion, saysHostExhausted, toFailure } from '../model/errors.js';
import type { CoverageItem } from '../model/coverage.js';
import type { AttemptTimeline } from '../model/events.js';
import type { Measured, Timeline } from '../model/measured.js';
import type { Failure, Outcome, Phase, PhaseTiming, Side } from '../model/outcome.js';
import { formatCount } from '../model/text/format.js';
import type { MemoryVerdict } from '../model/verdict.js';
import type { CertificateMaker } from '../credentials/certificates.js';
import { TestContext } from '../migration/context.js';
import type { Interference } from '../migration/context.js';
import { observedValues } from '../migration/generated/observed.js';
import { LegError } from '../migration/migration.js';
import type { PairPlan } from '../migration/plan.js';
import { diagnose } from '../qemu/diagnose.js';
import { usualStamp } from './definition.js';
import type { TestDefinition } from './definition.js';
import { PhaseClock } from './phase-clock.js';
import { timelineOf } from './timeline.js';

export interface AttemptRequest {
  readonly definition: TestDefinition;
  /** a user's own test: an error that it throws by mistake is not Drover's fault */
  readonly isForeign?: boolean;
  readonly plan: PairPlan;
  /** private, empty, exists */
  readonly directory: string;
  readonly timeoutMs: number;
  /** a command that runs this test again, kept as evidence */
  readonly rerun: string;
  /** aborted when the run is cancelled */
  readonly signal: AbortSignal;
  readonly onPhase: (phase: Phase) => void;
  readonly onStatus: (side: Side, status: string) => void;
  readonly onNote?: (message: string) => void;
  /** default: in this thread */
  readonly certificates?: CertificateMaker;
  /** in tests of Drover */
  readonly interference?: Interference;
}

export interface AttemptReport {
  readonly outcome: Outcome;
  readonly durationMs: number;
  readonly phases: readonly PhaseTiming[];
  readonly timeline?: AttemptTimeline;
  readonly exercised?: readonly CoverageItem[];
  /** of one that passed: see TestFinished */
  readonly combination?: readonly string[] | undefined;
  /** of a benchmark */
  readonly measured?: Measured | undefined;
  readonly course?: Timeline | undefined;
}

export async function runAttempt(input: AttemptRequest): Promise<AttemptReport> {
  const clock = new PhaseClock();
  const deadline = new AbortController();
  const timer = setTimeout(() => {
    deadline.abort(new Cancelled());
  }, input.timeoutMs);
  const context = new TestContext({
    plan: input.plan,
    directory: input.directory,
    signal: AbortSignal.any([input.signal, deadline.signal]),
    observer: {
      phase: (phase) => {
        clock.enter(phase);
        input.onPhase(phase);
      },
      status: input.onStatus,
      note: input.onNote,
    },
    certificates: input.certificates,
    guest: { stamp: usualStamp, ...input.definition.guest },
    interference: input.interference,
  });
  context.observer.phase('prepare');

  let outcome: Outcome;
  let measured: Measured | undefined;
  let course: Timeline | undefined;
  try {
    const result = await input.definition.run(context);
    const { verdict, figures, legs, leg, arrival, fault, refused, damagedSide } = result;
    ({ measured, course } = result);
    outcome =
      verdict?.intact === false
        ? { kind: 'failed', failure: placed(damaged(verdict, damagedSide), leg), verdict }
        : { kind: 'passed', verdict, figures, legs, arrival, fault, refused };
  } catch (error) {
    outcome = await judge(error, input, context, clock.current, deadline.signal.aborted);
  } finally {
    clearTimeout(timer);
  }
  if (outcome.kind !== 'passed' && outcome.kind !== 'cancelled') {
    await keepEvidence(input, context, outcome);
  }
  outcome = await endAll(context, outcome);
  const durationMs = clock.stop();
  const exercised = [...new Set(context.machines.flatMap((machine) => [...machine.exercised]))];
  const isMigrated = outcome.kind === 'passed' && outcome.refused === undefined;
  const combination = isMigrated ? observedValues(context) : undefined;
  const timeline = timelineOf(context.machines, clock.startedAtMs);
  return {
    outcome,
    durationMs,
    phases: clock.timings,
    timeline,
    exercised: exercised.length === 0 ? undefined : exercised,
    combination,
    measured,
    course,
  };
}

/** Adds the leg to the message. */
function placed(failure: Failure, leg: string | undefined): Failure {
  return leg === undefined ? failure : { ...failure, message: `${leg}: ${failure.message}` };
}

function damaged({ damagedPages, pages }: MemoryVerdict, side: Side = 'destination'): Failure {
  return {
    code: 'memory-damaged',
    phase: 'verify',
    side,
    message: `guest memory is damaged at the ${side}: ${formatCount(damagedPages)} of ${formatCount(pages)} pages`,
  };
}

async function judge(
  thrown: unknown,
  input: AttemptRequest,
  context: TestContext,
  phase: Phase | undefined,
  late: boolean,
): Promise<Outcome> {
  if (input.signal.aborted) return { kind: 'cancelled', phase };
  const { leg, cause } = thrown instanceof LegError ? thrown : { leg: undefined, cause: thrown };
  const trouble = context.hostTrouble;
  if (trouble !== undefined) {
    const { message, ...facts } = toFailure(cause, phase);
    const failure = { ...facts, code: 'host-exhausted', message: `${trouble}; then ${message}` };
    return { kind: 'broken', failure: placed(failure, leg) };
  }
  if (late && cause instanceof Cancelled) {
    return { kind: 'failed', failure: placed(await lateness(input, context, phase), leg) };
  }
  const error = await explain(cause, context);
  const failure = placed(toFailure(error, phase, input.isForeign), leg);
  const contract = error instanceof HarnessError ? error.blame === 'contract' : isAssertion(error);
  return contract && !isHostProblem(failure)
    ? { kind: 'failed', failure }
    : { kind: 'broken', failure };
}

async function lateness(
  input: AttemptRequest,
  context: TestContext,
  phase: Phase | undefined,
): Promise<Failure> {
  const states = await Promise.all(context.machines.map(diagnose));
  return {
    code: 'test-timeout',
    message: `the test was not done within ${(input.timeoutMs / 1000).toFixed(1)} s`,
    waitedFor: 'end of the test',
    phase,
    lastSeen: phase && `phase ${phase}`,
    details: states.flatMap((lines) => lines.slice(0, 4)),
  };
}

/**
 * If a QEMU ended by itself, that is the cause of the first error, also of one on the other side:
 * the error names its exit status and its last output, with the first error as the cause.
 */
async function explain(error: unknown, context: TestContext): Promise<unknown> {
  if (!(error instanceof HarnessError) || error.blame === 'usage') return error;
  const ended = await Promise.all(
    context.machines.map(async (machine) => ((await machine.endedByItself()) ? [machine] : [])),
  );
  const [machine] = ended.flat();
  if (machine === undefined) return error;
  return gaveUp(error) && machine.side === 'destination' && machine.process.status?.code === 1
    ? error
    : machine.process.gone(error);
}

/**
 * The source gave a reason of its own for the end of the migration. Its destination then ends with
 * status 1, as it does when it is at fault: but then the source has lost its connection.
 */
function gaveUp({ code, input: { side, message } }: HarnessError): boolean {
  if (code !== 'wrong-status' || side !== 'source') return false;
  const [, status, reason] =
    /^migration went to (\S+) on the source instead of \S+(?:: (.*))?$/.exec(message) ?? [];
  if (status !== undefined && !['failed', 'postcopy-paused'].includes(status)) return true;
  return (
    reason !== undefined &&
    !/socket|channel|stream|broken pipe|connection|input\/output|end.of.file|sibling/i.test(reason)
  );
}

const isHostProblem = ({ message, lastSeen, details }: Failure): boolean =>
  saysHostExhausted([message, lastSeen, ...(details ?? [])].join('\n'));

async function keepEvidence(
  input: AttemptRequest,
  context: TestContext,
  outcome: Outcome,
): Promise<void> {
  const states = await Promise.all(context.machines.map(diagnose));
  const write = (name: string, text: string): void => {
    writeFileSync(path.join(input.directory, name), text, { mode: 0o600 });
  };
  try {
    write('outcome.json', `${JSON.stringify(outcome, null, 2)}\n`);
    write('diagnosis.txt', `${states.flat().join('\n')}\n`);
    write('rerun.txt', `${input.rerun}\n`);
  } catch {
    // A full disk must not hide the outcome, which is also an event.
  }
}

/** Ends everything; a process that outlived its QEMU makes a passed test broken. */
async function endAll(context: TestContext, outcome: Outcome): Promise<Outcome> {
  try {
    const reports = await context.endAll();
    if (outcome.kind !== 'passed' || !reports.some((report) => report.survivors)) return outcome;
    return {
      kind: 'broken',
      failure: {
        code: 'survivor',
        phase: 'end',
        message: 'a process started by QEMU outlived it and had to be killed',
      },
    };
  } catch (error) {
    return outcome.kind === 'passed' || outcome.kind === 'cancelled'
      ? { kind: 'broken', failure: toFailure(error, 'end') }
      : outcome;
  }
}
