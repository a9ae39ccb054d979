/** `drover bench`: measures migrations of one QEMU, or compares two. */
import { randomInt } from 'node:crypto';
import { statSync } from 'node:fs';
import os from 'node:os';
import { runBench } from '../../bench/bench-run.js';
import type { BenchRequest, PlannedScenario } from '../../bench/bench-run.js';
import { chooseGroups, chooseScenarios } from '../../bench/choose-scenarios.js';
import type { Wanted } from '../../bench/choose-scenarios.js';
import { benchVersion, confidence } from '../../bench/document.js';
import type { BenchDocument, ScenarioResult } from '../../bench/document.js';
import { figures } from '../../bench/figures.js';
import { HostWatch, hostWarnings } from '../../bench/host-state.js';
import type { Design } from '../../bench/order.js';
import type { Scenario } from '../../bench/scenario.js';
import { TimeLeft } from '../../bench/time-left.js';
import { formatDuration } from '../../model/text/format.js';
import { shellQuote } from '../../model/shell.js';
import { createEvidenceDirectory, removeDirectory } from '../../qemu/work-directory.js';
import { withExamples } from '../options/help.js';
import type { AddCommand } from '../options/help.js';
import { writeFiles } from '../options/report-options.js';
import type { Environment } from '../process/environment.js';
import { exitCodes } from '../process/exit-codes.js';
import { hostIdentity } from '../process/host-capacity.js';
import { lines, noteOnStderr, print } from '../process/print.js';
import { droverVersion } from '../process/version.js';
import { Qemus } from '../run/probed-qemus.js';
import { identity } from '../run/run-facts.js';
import { withWorkplace } from '../run/run-workspace.js';
import { listLines, obstaclesOf } from './bench-list.js';
import { readScenarios } from './read-scenarios.js';
import { pairsOf, withBenchOptions } from './bench-options.js';
import type { BenchOptions } from './bench-options.js';
import { planScenarios, sidesOf } from './bench-plan.js';
import { benchJson, checkBenchFiles, reportBench } from './bench-reports.js';
import type { Sides } from './bench-plan.js';

export const addBenchCommand: AddCommand = (program, environment, finish) => {
  const command = program
    .command('bench')
    .description('measure migrations of a QEMU, or compare two QEMUs');
  withBenchOptions(command).action(async (options: BenchOptions) => {
    finish(await benchCommand(options, environment));
  });
  withExamples(command, {
    'drover bench --qemu old/qemu-system-x86_64 --qemu new/qemu-system-x86_64 --scenario multifd:4':
      'is the new QEMU faster or slower?',
    'drover bench --scenario multifd:1 --sweep channels=1,2,4,8 --json channels.json':
      'figures of one QEMU with 1 to 8 channels',
    'drover bench --aa --scenario unix': 'how large is the noise of this host?',
  });
};

async function benchCommand(options: BenchOptions, environment: Environment): Promise<number> {
  const wanted = {
    names: options.scenario,
    groups: options.group,
    own: options.scenarios === undefined ? undefined : await readScenarios(options.scenarios),
    sweeps: options.sweep,
  };
  if (options.list === true) return await listScenarios(wanted, options, environment);
  const scenarios = chooseScenarios(wanted);
  const pairs = pairsOf(options);
  const sides = sidesOf(options, environment);
  const { json } = options;
  await checkBenchFiles(options, hostIdentity());
  return await withWorkplace(environment, async (place) => {
    const { directory, probeDirectory, interruption } = place;
    const { signal } = interruption;
    // before Drover's own probes, which load the host
    const watch = new HostWatch();
    const time = new Date().toISOString();
    const qemus = new Qemus(environment, probeDirectory, signal, options.cache);
    const what = { sides, scenarios, options, environment, qemus, signal };
    const planned = await planScenarios({ ...what, directory: probeDirectory });
    await removeDirectory(probeDirectory);
    const { labels } = sides;
    const { untilWidth, seed = randomInt(1, 1e6) } = options;
    const design = { labels, pairs, untilWidth, seed };
    const argv = process.argv.slice(2);
    if (options.seed === undefined) argv.push('--seed', String(design.seed));
    const rerun = ['drover', ...argv].map(shellQuote).join(' ');
    const head = { time, watch, options, design, rerun };
    const documentSoFar = (results: readonly ScenarioResult[], isOver: boolean): BenchDocument =>
      documentOf({ ...head, isOver }, sides, planned, results);
    let evidence: string | undefined;
    const results = await runBench({
      scenarios: planned,
      design,
      threshold: options.threshold,
      pool: place.startPool(1),
      directory,
      evidenceDirectory: () =>
        (evidence ??= createEvidenceDirectory(environment.temporaryDirectory)),
      rerun,
      signal,
      warn: noteOnStderr,
      onScenario: async (soFar) => {
        if (json === undefined || !isReplaced(json)) return;
        await writeFiles([[json, [benchJson(documentSoFar(soFar, false))]]], exitCodes.passed);
      },
      onTurn: progress(design, planned),
    });
    const document = documentSoFar(results, !signal.aborted);
    const exitCode = signal.aborted ? exitCodes.cancelled : exitCodeOfBench(document);
    const { history, ...files } = options;
    // a median of few samples would look like a change
    const kept = signal.aborted ? undefined : history;
    if (kept !== history) noteOnStderr('cancelled: not added to the history');
    return await reportBench(document, { ...files, history: kept }, environment, exitCode);
  });
}

/** A pipe would get one document after another. */
const isReplaced = (file: string): boolean =>
  statSync(file, { throwIfNoEntry: false })?.isFile() !== false;

async function listScenarios(
  wanted: Wanted,
  options: BenchOptions,
  environment: Environment,
): Promise<number> {
  const groups = chooseGroups({ ...wanted, isAll: true });
  if (options.qemu.length === 0) {
    await print(lines(listLines(groups)));
    return exitCodes.passed;
  }
  const sides = sidesOf(options, environment);
  return await withWorkplace(environment, async ({ probeDirectory: directory, interruption }) => {
    const { signal } = interruption;
    const qemus = new Qemus(environment, directory, signal, options.cache);
    const scenarios = groups.flatMap((group) => group.scenarios);
    const what = { sides, scenarios, options, environment, qemus, directory, signal };
    await print(lines(listLines(groups, await obstaclesOf(what))));
    return exitCodes.passed;
  });
}

/** One line to standard error for each migration, since results come only at the end. */
function progress(
  { labels, pairs, untilWidth }: Design,
  planned: readonly PlannedScenario[],
): BenchRequest['onTurn'] {
  const turns = planned.flatMap(({ scenario, skipped }) =>
    skipped === undefined ? [[scenario.name, labels.length * (pairs + 1)] as const] : [],
  );
  const time = new TimeLeft(new Map(turns), () => performance.now());
  return ({ name }: Scenario, { label, pair }, { outcome, measured }) => {
    const told = figures.flatMap(({ key, isJudged, name: figure, show }) => {
      const value = measured?.[key];
      return isJudged === true && value !== undefined ? [`${figure} ${show(value)}`] : [];
    });
    const most = untilWidth === undefined ? pairs : `at most ${pairs}`;
    const which = pair === 0 ? 'warm-up' : `${pair} of ${most}`;
    const result =
      outcome.kind === 'failed' || outcome.kind === 'broken'
        ? `${outcome.kind}: ${outcome.failure.message}`
        : told.join(', ');
    const leftMs = time.ended(name);
    const about = untilWidth === undefined ? 'about' : 'at most';
    const left = leftMs > 0 ? `; ${about} ${formatDuration(leftMs)} left` : '';
    noteOnStderr(`${name} ${label} ${which}: ${result}${left}`);
  };
}

interface Head {
  readonly time: string;
  readonly watch: HostWatch;
  readonly options: BenchOptions;
  readonly design: Design;
  readonly rerun: string;
  /** all scenarios were measured */
  readonly isOver: boolean;
}

function documentOf(
  { time, watch, options, design, rerun, isOver }: Head,
  { labels, binaries, parameters }: Sides,
  [first]: readonly PlannedScenario[],
  scenarios: readonly ScenarioResult[],
): BenchDocument {
  const hostState = watch.state();
  return {
    version: benchVersion,
    drover: droverVersion(),
    time,
    host: hostIdentity(),
    hostState,
    warnings: hostWarnings(hostState, os.cpus().length),
    seed: design.seed,
    pairs: design.pairs,
    untilWidth: design.untilWidth,
    rerun,
    threshold: options.threshold,
    confidence,
    isSelfTest: options.aa === true,
    isPartial: !isOver || scenarios.some(({ isPartial }) => isPartial),
    isUnfinished: isOver ? undefined : true,
    sides: labels.flatMap((label) => {
      const plan = first?.sides[label].plan;
      return plan === undefined
        ? []
        : [
            {
              label,
              qemu: identity(binaries[label], plan.sourceFeatures),
              parameters: parameters[label],
            },
          ];
    }),
    scenarios,
  };
}

/** A slower B and a migration that failed count as failures. With --aa a slower B is noise. */
function exitCodeOfBench({ scenarios, isSelfTest }: BenchDocument): number {
  const failures = scenarios.flatMap(({ samples }) =>
    samples.flatMap(({ failure }) => failure ?? []),
  );
  const isSlower = scenarios.some(({ comparisons }) =>
    comparisons.some(({ verdict }) => verdict === 'slower'),
  );
  if ((isSlower && !isSelfTest) || failures.some(({ kind }) => kind === 'failed'))
    return exitCodes.failed;
  return failures.length > 0 ? exitCodes.broken : exitCodes.passed;
}
