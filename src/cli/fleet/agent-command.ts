/** `drover agent`: this host runs attempts of a fleet's runs, with the QEMUs that it was started with. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { FleetAgent } from '../../fleet/agent/agent.js';
import type { AgentEnd } from '../../fleet/agent/agent.js';
import { AllowList } from '../../fleet/agent/allow-list.js';
import type { AllowedQemu } from '../../fleet/agent/allow-list.js';
import { CoordinatorClient } from '../../fleet/agent/https-client.js';
import { keepEvidence } from '../../fleet/agent/keep.js';
import { Outbox } from '../../fleet/agent/outbox.js';
import { openDatabase, requireDatabase } from '../../fleet/database/connect.js';
import type { Database } from '../../fleet/database/connect.js';
import { loadFleetPackages } from '../../fleet/database/load.js';
import { toFailure, usageError } from '../../model/errors.js';
import { counted } from '../../model/text/format.js';
import { resolveBinary } from '../../qemu/binary.js';
import { limitsFor } from '../../schedule/budget.js';
import { MemoryMeter } from '../../schedule/memory-meter.js';
import { withExamples } from '../options/help.js';
import type { AddCommand } from '../options/help.js';
import { collect, countUpTo } from '../options/options.js';
import { sizeArgument } from '../options/size-arguments.js';
import type { Environment } from '../process/environment.js';
import { exitCodes } from '../process/exit-codes.js';
import { hostCapacity } from '../process/host-capacity.js';
import { noteOnStderr, print } from '../process/print.js';
import { droverVersion } from '../process/version.js';
import { Qemus } from '../run/probed-qemus.js';
import { defaultProgram } from '../run/resolve-binaries.js';
import { usualTimeoutMs } from '../run/run-session.js';
import { withWorkplace } from '../run/run-workspace.js';
import type { Workplace } from '../run/run-workspace.js';
import { membershipOf } from './membership.js';
import type { MembershipOptions } from './membership.js';
import { factsMessage, probeQemu } from './probe-agent.js';

interface AgentOptions extends MembershipOptions {
  readonly qemu: readonly string[];
  readonly jobs?: number;
  readonly memoryBudget?: number;
}

/** cores of a pair with one writer: as many places as can be used */
const lightestCpu = 0.5;

const endings: Readonly<Record<AgentEnd, string>> = {
  signal: 'ended',
  drained: 'drained, and ended',
  down: 'the fleet is down; ended',
};

export const addAgentCommand: AddCommand = (program, environment, finish) => {
  const command = program
    .command('agent')
    .description("run tests of a fleet's runs on this host, until the fleet goes down")
    .option('--join <line>', "the line that 'drover fleet up' prints, or a file that holds it")
    .option('--name <name>', 'name of this host in the fleet (default: its host name)')
    .option(
      '--state <dir>',
      'keep the key and the certificate in this folder, to come back without a join line',
    )
    .option(
      '--qemu <command>',
      'a QEMU that this host may run, and no others; repeatable (default: qemu-system-x86_64 on PATH)',
      collect,
      [],
    )
    .option('-j, --jobs <count>', 'pairs of QEMUs at the same time, at most', countUpTo(256))
    .option(
      '--memory-budget <size>',
      'memory that all tests together may use, such as 4G (default: 4/5 of the free memory)',
      sizeArgument,
    )
    .action(async (options: AgentOptions) => {
      finish(await agentCommand(options, environment));
    });
  withExamples(command, {
    'drover agent --join join-line.txt': 'with the QEMU on PATH, until Ctrl-C or drover fleet down',
    'drover agent --join LINE --qemu build-a/qemu-system-x86_64 --qemu build-b/qemu-system-x86_64':
      'these two QEMUs, and no others',
  });
};

async function agentCommand(options: AgentOptions, environment: Environment): Promise<number> {
  await loadFleetPackages();
  const { searchPath } = environment;
  const given = options.qemu.length === 0 ? [defaultProgram(searchPath)] : options.qemu;
  const binaries = given.map((each) => resolveBinary(each, { searchPath, origin: '--qemu' }));
  return await withWorkplace(environment, async (place) => {
    const limits = limitsFor(hostCapacity(), {
      ...{ jobs: options.jobs, memoryBytes: options.memoryBudget },
      ...{ attempts: Infinity, lightestCpu },
    });
    const { probeDirectory: directory, interruption } = place;
    const { signal } = interruption;
    // not from the cache: the digest is what the fleet trusts
    const qemus = new Qemus(environment, directory, signal, false);
    const allowed: AllowedQemu[] = [];
    for (const binary of binaries) {
      allowed.push(await probeQemu(binary, { qemus, directory, signal }));
    }
    const facts = factsMessage(allowed, limits);
    const membership = await membershipOf(options);
    return await serve({ membership, allowed, limits, facts, environment, place });
  });
}

/** Also of one that comes back: its host may have got another release meanwhile. */
async function requireSameRelease(database: Database): Promise<void> {
  const [fleet] = await database.query<{ drover: string }>('SELECT drover FROM drover.fleet');
  const ours = droverVersion();
  if (fleet === undefined || fleet.drover === ours) return;
  throw usageError(
    'fleet-refused',
    `the coordinator is Drover ${fleet.drover} and this agent ${ours}: install the same release on all hosts`,
  );
}

async function serve({
  membership,
  allowed,
  limits,
  facts,
  environment,
  place,
}: {
  readonly membership: Awaited<ReturnType<typeof membershipOf>>;
  readonly allowed: readonly AllowedQemu[];
  readonly limits: ReturnType<typeof limitsFor>;
  readonly facts: ReturnType<typeof factsMessage>;
  readonly environment: Environment;
  readonly place: Workplace;
}): Promise<number> {
  const { name, coordinator, authority, certificate, key } = membership;
  const where = `${membership.database.host}:${membership.database.port}`;
  await using database = await openDatabase(membership.database, `drover agent ${name}`);
  await requireDatabase(database, where);
  await requireSameRelease(database);
  using client = new CoordinatorClient(coordinator, { authority, certificate, key });
  using meter = new MemoryMeter();
  const boss = database.boss({
    ...{ schedule: false, supervise: false, migrate: false, registerInstance: false },
  });
  boss.on('error', (error: unknown) => {
    noteOnStderr(`the queue reports: ${toFailure(error).message}`);
  });
  await boss.start();
  const directory = path.join(place.directory, 'fleet');
  mkdirSync(directory, { mode: 0o700 });
  const { temporaryDirectory, forQemu } = environment;
  const agent = new FleetAgent({
    ...{ database, boss, meter, directory, limits, facts, usualTimeoutMs },
    outbox: new Outbox(database, noteOnStderr),
    pool: place.startPool(limits.slots),
    allowed: new AllowList(allowed, forQemu),
    signal: place.interruption.signal,
    note: noteOnStderr,
    keepEvidence: async (folder, job) =>
      await keepEvidence({ client, host: name, temporaryDirectory }, folder, job),
  });
  await print(
    `drover agent ${name}: ${counted(allowed.length, 'QEMU')}, up to ${counted(limits.slots, 'test')} at the same time, database ${where}\n`,
  );
  try {
    const end = await agent.toTheEnd();
    noteOnStderr(`agent ${name}: ${endings[end]}`);
    return exitCodes.passed;
  } finally {
    await boss.stop({ graceful: false, close: false }).catch(() => undefined);
  }
}
