/** One run of `drover prove`: recordings, their mutants, the matrix and the score. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { Cancelled } from '../../model/deadline.js';
import { contractError, usageError } from '../../model/errors.js';
import { drawing, shuffled } from '../../model/seeded.js';
import type { StampKind } from '../../model/stamps.js';
import { TestContext } from '../../migration/context.js';
import type { PairPlan } from '../../migration/plan.js';
import { proveVersion } from '../../prove/document.js';
import type { ProveDocument } from '../../prove/document.js';
import type { MutantResult } from '../../prove/findings.js';
import { mutantsOf } from '../../prove/mutants.js';
import type { Mutant } from '../../prove/mutants.js';
import { RecordedPages } from '../../prove/recorded-pages.js';
import { record } from '../../prove/recording.js';
import type { RecordingKind } from '../../prove/recording.js';
import { scoreOf } from '../../prove/score.js';
import { matrixLines, missedLines, mutantText, scoreLines } from '../../prove/text.js';
import { tryMutant } from '../../prove/try-mutant.js';
import type { TryRequest } from '../../prove/try-mutant.js';
import { headLines } from '../../sweep/text.js';
import { walk } from '../../sweep/walk.js';
import type { Walked } from '../../sweep/walk.js';
import { writeFiles } from '../options/report-options.js';
import { exitCodes } from '../process/exit-codes.js';
import { hostCapacity } from '../process/host-capacity.js';
import { lines, noteOnStderr, print } from '../process/print.js';
import { droverVersion } from '../process/version.js';
import { jobsFor } from '../sweep/jobs.js';
import { sweepQemu } from '../sweep/sweep-session.js';

export interface ProveSettings {
  readonly recording: readonly RecordingKind[];
  readonly stamp: StampKind;
  readonly mutants: number;
  readonly fields?: number;
  /** of each recording; default: all */
  readonly count?: number;
  readonly seed: number;
  readonly jobs?: number;
  readonly timeout: number;
  readonly json?: string;
}

export interface ProveSession {
  readonly settings: ProveSettings;
  readonly plan: PairPlan;
  /** that QEMUs' sockets and files are made in */
  readonly directory: string;
  readonly signal: AbortSignal;
}

export async function proveSession(run: ProveSession): Promise<number> {
  const { settings, plan, directory, signal } = run;
  const { stamp, seed } = settings;
  const kinds = recordable(settings, plan);
  const [source, destination] = [
    sweepQemu({ binary: plan.source, features: plan.sourceFeatures }),
    sweepQemu({ binary: plan.destination, features: plan.destinationFeatures }),
  ];
  await print(lines([...headLines({ source, destination }), `machine      ${plan.machine}`, '']));
  await using context = new TestContext({
    ...{ plan, signal, directory: ownDirectory(directory, 'source'), guest: { stamp } },
    observer: { phase: () => undefined, status: () => undefined },
  });
  const { results, selected, failure, isWhole } = await proveAll(context, kinds, run);
  const document: ProveDocument = {
    ...{ version: proveVersion, drover: droverVersion(), source, destination },
    ...{ machine: plan.machine, stamp, seed, recordings: kinds },
    ...{ partial: !isWhole || results.length < selected, selected },
    ...{ score: scoreOf(results), results },
  };
  await print(lines(['', ...matrixLines(results), '', ...missedLines(results)]));
  await print(lines(['', ...scoreLines(document)]));
  const code = await writeFiles(
    [[settings.json, [`${JSON.stringify(document, null, 2)}\n`]]],
    exitCodeOf(document),
  );
  // after the file, which has what is there
  if (failure !== undefined) throw failure;
  return code;
}

interface Proved extends Walked<MutantResult> {
  readonly selected: number;
  /** no recording is missing */
  readonly isWhole: boolean;
}

/** One recording after another. What goes wrong with one leaves the results of those before it. */
async function proveAll(
  context: TestContext,
  kinds: readonly RecordingKind[],
  run: ProveSession,
): Promise<Proved> {
  const results: MutantResult[] = [];
  let selected = 0;
  for (const [index, kind] of kinds.entries()) {
    // Device state goes the same way in all of them.
    const settings = index === 0 ? run.settings : { ...run.settings, fields: 0 };
    try {
      const proved = await proveOne(context, kind, { ...run, settings });
      selected += proved.selected;
      results.push(...proved.results);
      if (proved.failure !== undefined) throw proved.failure;
    } catch (error) {
      if (results.length === 0) throw error;
      const part = { results, selected, isWhole: false };
      if (error instanceof Cancelled) return part;
      return { ...part, failure: error instanceof Error ? error : new Error(String(error)) };
    }
    if (run.signal.aborted) return { results, selected, isWhole: false };
  }
  return { results, selected, isWhole: true };
}

function ownDirectory(directory: string, name: string): string {
  const own = path.join(directory, name);
  mkdirSync(own, { mode: 0o700 });
  return own;
}

/** A recording, its mutants, and what became of them. */
async function proveOne(
  context: TestContext,
  kind: RecordingKind,
  { settings, plan, directory, signal }: ProveSession,
): Promise<Walked<MutantResult> & { readonly selected: number }> {
  const { stamp, mutants: perDamage, fields, seed, timeout: timeoutMs } = settings;
  using recording = await record(context, kind);
  const pages = await RecordedPages.of(recording, signal);
  const all = await mutantsOf(recording, pages, { perDamage, fields, seed, stamp });
  const mutants = shuffled(all, drawing(seed, `${kind} count`)).slice(0, settings.count);
  const own = ownDirectory(directory, kind);
  const request = { guest: { stamp }, recording, plan, timeoutMs };
  await requireClean({
    ...{ ...request, signal, directory: path.join(own, 'control') },
    mutant: controlOf(kind),
  });
  const { ramBytes } = context.platform;
  const work = { wanted: settings.jobs, items: mutants.length, ramBytes };
  const { jobs } = jobsFor(hostCapacity(), work);
  await print(lines([`${kind}: ${mutants.length} mutants, ${jobs} at the same time`]));
  const walked = await walk<Mutant, MutantResult>({
    ...{ items: mutants, directory: own, signal, jobs },
    check: async ({ item: mutant, ...place }) => await tryMutant({ ...request, ...place, mutant }),
    onResult: async (result) => {
      if (result.fate === 'survived') await print(lines([`SURVIVED  ${mutantText(result)}`]));
    },
  });
  await context.forget(recording.source);
  return { ...walked, selected: mutants.length };
}

/** What both QEMUs can do of what was asked for. */
function recordable({ recording }: ProveSettings, plan: PairPlan): RecordingKind[] {
  const has = (name: string): boolean =>
    [plan.sourceFeatures, plan.destinationFeatures].every(({ capabilities }) =>
      capabilities.includes(name),
    );
  const kinds = [...new Set(recording)].filter((kind) => {
    if (kind === 'precopy' || has(kind)) return true;
    noteOnStderr(`--recording ${kind}: left out, since one of the QEMUs has no capability ${kind}`);
    return false;
  });
  if (kinds.length > 0) return kinds;
  throw usageError(
    'no-recording',
    `--recording ${recording.join(' ')}: these QEMUs can do none of it; precopy works with all versions`,
  );
}

const controlOf = (recording: RecordingKind): Mutant => ({
  ...{ recording, damage: 'head', region: 'state', text: 'nothing is changed' },
  ...{ edits: [], pages: [] },
});

/** Without damage nothing may be found. */
async function requireClean(request: TryRequest): Promise<void> {
  const { findings, fate, reason } = await tryMutant(request);
  if (findings.length === 0 && fate !== 'broken') return;
  throw contractError(
    'undamaged-differs',
    `an undamaged migration did not arrive as it was sent: ${findings[0]?.words ?? reason ?? ''}`,
    { details: findings.map(({ check, words }) => `${check}: ${words}`) },
  );
}

function exitCodeOf({ partial, score: { fates } }: ProveDocument): number {
  if (partial) return exitCodes.cancelled;
  if (fates.survived > 0) return exitCodes.failed;
  return fates.broken > 0 ? exitCodes.broken : exitCodes.passed;
}
