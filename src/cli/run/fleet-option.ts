/** `drover run --fleet DIR`: the run of the options, over the hosts of a fleet. */
import path from 'node:path';
import { mkdirSync, writeFileSync } from 'node:fs';
import { loadFleetPackages } from '../../fleet/database/load.js';
import { FleetConnection, memberOf } from '../../fleet/run/connection.js';
import type { FleetHost } from '../../fleet/run/connection.js';
import { FleetRun } from '../../fleet/run/fleet-run.js';
import { factsOf, hostsWith, needOf, whyNowhere } from '../../fleet/run/needs.js';
import type { EvidenceFile, QueueNeed, Result } from '../../fleet/messages.js';
import type { Limits } from '../../model/demand.js';
import { HarnessError, usageError } from '../../model/errors.js';
import type { PairPlan } from '../../migration/plan.js';
import type { Attempt, PlannedTest } from '../../schedule/attempts.js';
import { runAttempts } from '../../schedule/run.js';
import { noTimings } from '../../schedule/timings.js';
import { checkReportOptions } from '../options/report-options.js';
import { exitCodes } from '../process/exit-codes.js';
import { droverVersion } from '../process/version.js';
import { CoverageListener } from './coverage-option.js';
import { planPair } from './plan-pair.js';
import { planTests } from './planned-tests.js';
import { Qemus } from './probed-qemus.js';
import { runSession } from './run-session.js';
import type { ElsewhereRun } from './run-session.js';
import type { Totals } from './reported-run.js';
import type { SelectedRun } from './run-selected.js';
import { makeOutputDirectory, withWorkplace } from './run-workspace.js';

/** more than a fleet runs at once; a run of many rounds sends them little by little */
const mostInFlight = 4096;
const nothing = { cpu: 0, memoryBytes: 0, sharedMemoryBytes: 0, exclusive: [] };

export interface FleetRunOptions {
  readonly fleet: string;
}

/** Options that only make sense where the tests run. @throws HarnessError `fleet-option` */
export function refuseLocalOptions(
  run: SelectedRun,
  { qtestLog, trace }: SelectedRun['environment'],
): void {
  const { options, debug, catalogue, selected } = run;
  const refused = (
    [
      [debug !== undefined, '--debug', 'a debugger runs on this host'],
      [options.jobs !== undefined, '-j', 'each agent has its own (drover agent -j)'],
      [options.memoryBudget !== undefined, '--memory-budget', 'each agent has its own'],
      [trace !== undefined, 'QTEST_TRACE', 'an agent takes no words of a command line'],
      [qtestLog, 'QTEST_LOG', 'an agent takes no words of a command line'],
      [
        selected.some((test) => catalogue.fileOf(test) !== undefined),
        '--tests',
        'agents run the tests that Drover brings, and no code of others',
      ],
    ] as const
  ).filter(([isGiven]) => isGiven);
  const [first] = refused;
  if (first === undefined) return;
  const [, option, why] = first;
  throw usageError('fleet-option', `${option} does not go together with --fleet: ${why}`);
}

export async function runOverFleet(run: SelectedRun, folder: string): Promise<number> {
  const { options, environment, selected, catalogue, policy = {} } = run;
  refuseLocalOptions(run, environment);
  await loadFleetPackages();
  if (options.out !== undefined) makeOutputDirectory(options.out);
  await checkReportOptions(options);
  const coverage = await CoverageListener.open(options, environment);
  return await withWorkplace(environment, async ({ directory, probeDirectory, interruption }) => {
    await using fleet = await FleetConnection.open(path.resolve(folder), droverVersion());
    const qemus = new Qemus(environment, probeDirectory, interruption.signal, options.cache);
    const planned = await planPair({ ...run, qemus, isElsewhere: true });
    const pair = pairOf(planned.plan);
    const hosts = hostsWith(await liveHosts(fleet, folder), pair);
    if (hosts.length === 0) throw noHostHas(planned.plan, pair, await fleet.hosts());
    const plan = { ...planned.plan, host: factsOf(hosts, pair) };
    const { timings = noTimings } = policy;
    const needs = new Map<string, QueueNeed>();
    const tests = planTests(selected, { ...planned, plan }, catalogue, timings).map(
      (test, index): PlannedTest => {
        const definition = selected[index];
        if (test.skip !== undefined || definition === undefined) return test;
        const need = needOf(plan, pair, definition, test.demand);
        needs.set(test.name, need);
        // the demand is for the agents to weigh: this host has nothing to do with it
        return { ...test, demand: nothing, skip: whyNowhere(hosts, need) };
      },
    );
    if (options.l === true) {
      const { listing } = await import('./run-selected.js');
      process.stdout.write(listing(tests));
      return exitCodes.passed;
    }
    const elsewhere = async (session: ElsewhereRun): Promise<Totals> => {
      await using over = await FleetRun.open({
        ...{ fleet, hosts, emit: session.emit, clock: session.clock },
        needOf: ({ test }) => {
          const need = needs.get(test.name);
          if (need === undefined) throw new Error(`${test.name} was not planned`);
          return need;
        },
        jobOf: ({ test }) => ({
          ...{ machine: plan.machine, arrival: plan.arrival, keep: session.keep },
          ...{ timeoutMs: options.timeout, rerun: session.rerun(test.name) },
        }),
        adopt: (attempt, host, result, files) =>
          adopt({ session, fleet, hosts, plan }, attempt, host, result, files),
      });
      const { promisedBytes: _, ...totals } = await runAttempts({ ...session, start: over.start });
      return totals;
    };
    const limits = limitsOf(hosts);
    const exitCode = await runSession({
      ...{ options, environment, plan, tests, limits, policy, directory, interruption, elsewhere },
      onEvent: (event) => {
        coverage?.onEvent(event);
        run.onEvent?.(event);
      },
      fleet: hosts.map(memberOf),
      inFlight: { slots: mostInFlight, memoryBytes: 0, sharedMemoryBytes: 0 },
    });
    return (await coverage?.write(exitCode)) ?? exitCode;
  });
}

function pairOf({
  sourceFeatures,
  destinationFeatures,
  accel,
}: PairPlan): Pick<QueueNeed, 'source' | 'destination' | 'accel'> {
  const { digest: source } = sourceFeatures;
  const { digest: destination } = destinationFeatures;
  if (source !== undefined && destination !== undefined) return { source, destination, accel };
  throw new HarnessError({
    code: 'qemu-digest',
    blame: 'host',
    message: 'cannot read the program of a QEMU of this run, by whose digest a fleet knows it',
  });
}

async function liveHosts(fleet: FleetConnection, folder: string): Promise<FleetHost[]> {
  const hosts = (await fleet.hosts()).filter(({ isLive, isDraining }) => isLive && !isDraining);
  if (hosts.length > 0) return hosts;
  throw usageError(
    'no-agents',
    `no agent of the fleet in ${folder} is there: start one on a host with 'drover agent --join LINE'`,
  );
}

function noHostHas(
  plan: PairPlan,
  { source, destination, accel }: Pick<QueueNeed, 'source' | 'destination' | 'accel'>,
  hosts: readonly FleetHost[],
): HarnessError {
  const lines = hosts.flatMap(({ name, facts }) =>
    facts.qemus.map(
      ({ digest, version, arch, accelerators }) =>
        `${name}: ${version} ${arch} (${accelerators.join(', ')}) ${digest}`,
    ),
  );
  const wanted = [
    ...new Set([
      `${plan.sourceFeatures.version} ${source}`,
      `${plan.destinationFeatures.version} ${destination}`,
    ]),
  ];
  return usageError(
    'no-host-has-qemu',
    `no agent has the QEMU of this run (${wanted.join(' and ')}) with ${accel.toUpperCase()}: start agents with the same build (drover agent --qemu)`,
    { details: lines },
  );
}

/** All hosts together, as the run reports itself. */
function limitsOf(hosts: readonly FleetHost[]): Limits {
  const sum = (of: (limits: Limits) => number): number =>
    hosts.reduce((total, { facts }) => total + of(facts.limits), 0);
  return {
    slots: sum(({ slots }) => slots),
    memoryBytes: sum(({ memoryBytes }) => memoryBytes),
    sharedMemoryBytes: sum(({ sharedMemoryBytes }) => sharedMemoryBytes),
  };
}

interface AdoptInto {
  readonly session: ElsewhereRun;
  readonly fleet: FleetConnection;
  readonly hosts: readonly FleetHost[];
  readonly plan: PairPlan;
}

/** As a kept directory of a run on this host: the worker's files, and the record beside them. */
function adopt(
  { session, fleet, hosts, plan }: AdoptInto,
  attempt: Attempt,
  host: string,
  result: Result,
  files: readonly EvidenceFile[],
): string {
  const { test } = attempt;
  const name = `${test.path.slice(1).replaceAll('/', '-')}-${attempt.attempt}`;
  const folder = path.join(session.evidenceDirectory(), name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const absent = fleet.evidence.copyInto(folder, files);
  if (absent.length > 0) {
    throw new Error(`the coordinator does not have ${absent.map((each) => each.path).join(', ')}`);
  }
  const facts = hosts.find((each) => each.name === host)?.facts;
  const command = (digest: string | undefined, ours: string): string =>
    facts?.qemus.find((qemu) => qemu.digest === digest)?.command ?? ours;
  const record = session.record(attempt, result.report, {
    ...(facts === undefined ? {} : { host: facts.identity }),
    commands: {
      source: command(plan.sourceFeatures.digest, plan.source.command),
      destination: command(plan.destinationFeatures.digest, plan.destination.command),
    },
  });
  for (const [file, text] of Object.entries(record)) {
    writeFileSync(path.join(folder, file), text, { mode: 0o600 });
  }
  return folder;
}
