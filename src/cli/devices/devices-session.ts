/** One run of `drover devices`: lines as results come, then the summary, the files, the exit code. */
import { compareWithBaseline } from '../../devices/baseline.js';
import type { DeviceType } from '../../devices/device-types.js';
import { devicesVersion } from '../../devices/document.js';
import type { DeviceResult, DevicesDocument, DevicesQemu } from '../../devices/document.js';
import { isFault } from '../../devices/outcome.js';
import { patternOf } from '../../devices/select.js';
import {
  changeLines,
  countKinds,
  headLines,
  resultLines,
  summaryLine,
} from '../../devices/text.js';
import { walkDevices } from '../../devices/walk.js';
import { counted } from '../../model/text/format.js';
import type { QemuFeatures } from '../../model/features.js';
import type { PairPlan } from '../../migration/plan.js';
import type { QemuBinary } from '../../qemu/binary.js';
import { writeFiles } from '../options/report-options.js';
import { hostCapacity } from '../process/host-capacity.js';
import { exitCodes } from '../process/exit-codes.js';
import { lines, noteOnStderr, print } from '../process/print.js';
import { droverVersion } from '../process/version.js';
import type { DevicesOptions } from './devices-options.js';
import { devicesHtmlPieces } from './devices-html.js';
import { jobsFor } from './jobs.js';

export interface DevicesRun {
  readonly plan: PairPlan;
  /** all that the source has */
  readonly known: readonly DeviceType[];
  /** those to examine */
  readonly devices: readonly DeviceType[];
  readonly options: DevicesOptions;
  readonly baseline: DevicesDocument | undefined;
  readonly directory: string;
  readonly signal: AbortSignal;
}

export async function runDevices(run: DevicesRun): Promise<number> {
  const { plan, known, devices, options, baseline, directory, signal } = run;
  const empty = documentOf(run, []);
  await print(lines([...headLines(empty), '']));
  const { jobs, roomFor } = jobsFor(hostCapacity(), options.jobs, devices.length);
  if (options.jobs !== undefined && roomFor !== undefined) {
    noteOnStderr(
      `-j ${options.jobs}: the memory of this host has room for ${counted(roomFor, 'pair')} of QEMUs at the same time`,
    );
  }
  const { results, failure } = await walkDevices({
    ...{ plan, devices, directory, signal },
    jobs,
    timeoutMs: options.timeout,
    onResult: async (result) => {
      if (baseline === undefined) await print(lines(resultLines(result)));
    },
  });
  const document = documentOf(run, results);
  const pattern = patternOf(options.match);
  const changes =
    baseline &&
    compareWithBaseline(baseline, document, new Set(known.map(({ name }) => name)), (name) =>
      pattern.test(name),
    );
  if (changes !== undefined) await print(lines(changeLines(changes)));
  await print(lines(['', summaryLine(document)]));
  if (baseline !== undefined && baseline.machine !== document.machine) {
    noteOnStderr(`the baseline is of machine ${baseline.machine}, not ${document.machine}`);
  }
  if (baseline?.partial === true) {
    noteOnStderr('the baseline is partial: devices are missing that its run had selected');
  }
  const code = exitCodeOf(document, changes);
  const finalCode = await writeFiles(
    [
      [options.json, [`${JSON.stringify(document, null, 2)}\n`]],
      [options.html, devicesHtmlPieces(document, changes)],
    ],
    code,
  );
  // after the files, which have what is there
  if (failure !== undefined) throw failure;
  return finalCode;
}

function exitCodeOf(
  { partial, results }: DevicesDocument,
  changes: ReturnType<typeof compareWithBaseline> | undefined,
): number {
  if (partial) return exitCodes.cancelled;
  const isWorse =
    changes === undefined
      ? results.some(({ outcome }) => isFault(outcome.kind))
      : changes.some((change) => change.isWorse);
  if (isWorse) return exitCodes.failed;
  return results.some(({ outcome }) => outcome.kind === 'broken')
    ? exitCodes.broken
    : exitCodes.passed;
}

function documentOf(run: DevicesRun, results: readonly DeviceResult[]): DevicesDocument {
  const { plan, known, devices } = run;
  return {
    version: devicesVersion,
    drover: droverVersion(),
    machine: plan.machine,
    source: qemuOf(plan.source, plan.sourceFeatures),
    destination: qemuOf(plan.destination, plan.destinationFeatures),
    partial: results.length < devices.length,
    known: known.length,
    selected: devices.length,
    summary: countKinds(results),
    results,
  };
}

const qemuOf = (
  { command }: QemuBinary,
  { version, package: build }: QemuFeatures,
): DevicesQemu => ({ command, version, package: build });
