/** `drover advise`: which settings suit a guest, from short benchmarks on this host. */
import { readFileSync } from 'node:fs';
import { advise } from '../../bench/advise/advice.js';
import {
  anotherFile,
  calibrated,
  calibrationBytes,
  calibrationVersion,
  foreignness,
  parseCalibration,
  speedOf,
} from '../../bench/advise/calibration.js';
import type { Calibration } from '../../bench/advise/calibration.js';
import { adviceLines } from '../../bench/advise/text.js';
import { runBench } from '../../bench/bench-run.js';
import type { BenchRequest } from '../../bench/bench-run.js';
import { chooseScenarios } from '../../bench/choose-scenarios.js';
import { rowOf } from '../../bench/contradiction.js';
import { Cancelled } from '../../model/deadline.js';
import { HarnessError, fileProblem, usageError } from '../../model/errors.js';
import { shellQuote } from '../../model/shell.js';
import { createEvidenceDirectory } from '../../qemu/work-directory.js';
import { withExamples } from '../options/help.js';
import type { AddCommand } from '../options/help.js';
import { writeFiles } from '../options/report-options.js';
import { checkReportPath } from '../../report/atomic-file.js';
import type { Environment } from '../process/environment.js';
import { exitCodes } from '../process/exit-codes.js';
import { hostIdentity } from '../process/host-capacity.js';
import { lines, noteOnStderr, print } from '../process/print.js';
import { droverVersion } from '../process/version.js';
import { Qemus } from '../run/probed-qemus.js';
import { identity } from '../run/run-facts.js';
import { withWorkplace } from '../run/run-workspace.js';
import type { Workplace } from '../run/run-workspace.js';
import { withAdviseOptions } from './advise-options.js';
import type { AdviseOptions } from './advise-options.js';
import { planScenarios, sidesOf } from './bench-plan.js';

/** what is calibrated unless --scenario is given: built-in scenarios over a network */
const usualScenarios = [
  'tcp',
  ...['multifd:2', 'multifd:4', 'multifd:8', 'multifd:4,tls=x509'],
  'multifd:2,multifd-compression=zstd',
  ...['postcopy', 'postcopy-preempt'],
];

export const addAdviseCommand: AddCommand = (program, environment, finish) => {
  const command = program
    .command('advise')
    .description('predict which migration settings suit a guest, from a calibration on this host');
  withAdviseOptions(command).action(async (options: AdviseOptions) => {
    finish(await adviseCommand(options, environment));
  });
  withExamples(command, {
    'drover advise --memory 64G --dirty-rate 800MB/s --bandwidth 10Gbit --downtime 300':
      'what converges, how long it takes, and how to set it',
  });
};

async function adviseCommand(options: AdviseOptions, environment: Environment): Promise<number> {
  const { memory, workingSet = memory, dirtyRate, bandwidth, downtime, json } = options;
  if (workingSet > memory) {
    throw usageError('bad-calibration', '--working-set: it is more than --memory');
  }
  if (json !== undefined) await checkReportPath(json);
  return await withWorkplace(environment, async (place) => {
    const { calibration, isNew } = await calibrationFor(options, environment, place);
    const advice = advise(calibration, {
      memoryBytes: memory,
      workingSetBytes: workingSet,
      dirtyBytesPerSecond: dirtyRate,
      networkBytesPerSecond: bandwidth,
      downtimeMs: downtime,
    });
    const kept = isNew ? options.calibration : undefined;
    const exitCode = await writeFiles(
      [
        [kept, pieces(calibration)],
        [json, pieces(advice)],
      ],
      exitCodes.passed,
    );
    await print(lines(adviceLines(advice)));
    return exitCode;
  });
}

const pieces = (document: object): string[] => [`${JSON.stringify(document, null, 2)}\n`];

/** That of the file, if there is one, or a new one. */
async function calibrationFor(
  options: AdviseOptions,
  environment: Environment,
  place: Workplace,
): Promise<{ readonly calibration: Calibration; readonly isNew: boolean }> {
  const { calibration: file, qemu, runs } = options;
  const { signal } = place.interruption;
  const { probeDirectory: directory } = place;
  const names = options.scenario.length === 0 ? usualScenarios : options.scenario;
  const bases = chooseScenarios({ names, sweeps: [] });
  const local = bases.find(({ migration }) => rowOf(migration)?.uri.startsWith('tcp:') !== true);
  if (local !== undefined) {
    throw usageError(
      'bad-calibration',
      `--scenario ${local.name}: advise is about migrations over a network: tcp, multifd or postcopy`,
    );
  }
  const sides = sidesOf({ qemu: qemu === undefined ? [] : [qemu], bParameter: [] }, environment);
  const qemus = new Qemus(environment, directory, signal, options.cache);
  const scenarios = bases.map(calibrated);
  const what = { sides, scenarios, options, environment, qemus, signal };
  const planned = await planScenarios({ ...what, directory });
  const plan = planned[0]?.sides.A.plan;
  if (plan === undefined) throw new Error('there is no scenario');
  const here = {
    host: hostIdentity(),
    qemu: identity(sides.binaries.A, plan.sourceFeatures),
    accel: plan.accel,
  };
  const text = file === undefined ? undefined : readKept(file);
  if (file !== undefined && text !== undefined) {
    const kept = parseCalibration(text, file);
    const foreign = foreignness(kept, here);
    if (foreign === undefined) {
      noteLacking(options.scenario, kept, file);
      return { calibration: only(options.scenario, kept, file), isNew: false };
    }
    throw usageError('bad-calibration', `--calibration: ${file}: ${foreign}; ${anotherFile}`);
  }
  if (file !== undefined) await checkReportPath(file);
  noteOnStderr(`calibrates ${planned.length} scenarios; --calibration FILE keeps the result`);
  let evidence: string | undefined;
  const results = await runBench({
    scenarios: planned,
    design: { labels: ['A'], pairs: runs, seed: 1 },
    threshold: 0.05,
    pool: place.startPool(1),
    directory: place.directory,
    evidenceDirectory: () => (evidence ??= createEvidenceDirectory(environment.temporaryDirectory)),
    rerun: ['drover', ...process.argv.slice(2)].map(shellQuote).join(' '),
    signal,
    warn: noteOnStderr,
    onScenario: () => Promise.resolve(),
    onTurn: noteTurn,
  });
  if (signal.aborted) throw new Cancelled();
  const speeds = results.map((result, index) => speedOf(bases[index]?.name ?? '', result));
  const calibration: Calibration = {
    version: calibrationVersion,
    drover: droverVersion(),
    time: new Date().toISOString(),
    ...here,
    machine: plan.machine,
    memoryBytes: calibrationBytes,
    scenarios: speeds.flatMap((speed) => (typeof speed === 'string' ? [] : [speed])),
    missing: speeds.flatMap((speed, index) =>
      typeof speed === 'string' ? [{ name: bases[index]?.name ?? '', why: speed }] : [],
    ),
  };
  // a calibration of nothing would be kept
  if (calibration.scenarios.length === 0) {
    throw new HarnessError({
      code: 'bad-calibration',
      blame: 'host',
      message: 'no scenario could be measured',
      details: calibration.missing.map(({ name, why }) => `${name}: ${why}`),
    });
  }
  return { calibration, isNew: true };
}

/** @returns undefined: there is no such file yet @throws HarnessError `bad-calibration` */
function readKept(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw usageError(
      'bad-calibration',
      `--calibration: cannot read ${file}: ${fileProblem(cause)}; ${anotherFile}`,
      { cause },
    );
  }
}

/** A calibration of a few scenarios alone answers no question about the others. */
function noteLacking(names: readonly string[], kept: Calibration, file: string): void {
  const known = [...kept.scenarios, ...kept.missing].map(({ name }) => name);
  const lacking = usualScenarios.filter((name) => !known.includes(name));
  if (names.length > 0 || lacking.length === 0) return;
  noteOnStderr(
    `--calibration ${file} has no ${lacking.join(', ')}; to calibrate again with these, remove the file or give another one`,
  );
}

/** Of a calibration that was kept, the scenarios that were asked for. */
function only(names: readonly string[], kept: Calibration, file: string): Calibration {
  if (names.length === 0) return kept;
  const isWanted = ({ name }: { readonly name: string }): boolean => names.includes(name);
  const scenarios = kept.scenarios.filter(isWanted);
  const missing = kept.missing.filter(isWanted);
  const absent = names.find(
    (each) => ![...scenarios, ...missing].some(({ name }) => name === each),
  );
  if (absent === undefined) return { ...kept, scenarios, missing };
  throw usageError(
    'bad-calibration',
    `--calibration: ${file}: it has no scenario ${absent}; ${anotherFile}`,
  );
}

const noteTurn: BenchRequest['onTurn'] = ({ name }, { pair }, { outcome, directory }) => {
  const end =
    outcome.kind === 'failed' || outcome.kind === 'broken'
      ? `${outcome.kind}: ${outcome.failure.message}; evidence: ${directory ?? 'none'}`
      : outcome.kind;
  noteOnStderr(`${name} ${pair === 0 ? 'warm-up' : String(pair)}: ${end}`);
};
