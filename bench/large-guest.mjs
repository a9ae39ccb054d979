/**
 * A large guest that stamps whole pages with several writers, migrated while it runs, and every byte of it checked: how
 * long the migration takes, and how long the check.
 *
 *   node bench/large-guest.mjs [--qemu COMMAND] [--memory 6G] [--by multifd|postcopy|mapped-ram]
 *                              [--writers 2] [--pace 60000] [--threads 2] [--json FILE]
 *
 * Pace is in pages per second; 0 is as fast as it can. The host needs RAM for two such guests. The answer is checked:
 * the guest must run at the destination with its memory intact, and all pages must have been checked.
 */
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { parseArgs } from 'node:util';
import { migrateIncoming } from '../dist/migration/commands.js';
import { planFor } from '../dist/migration/context.fixtures.js';
import { TestContext } from '../dist/migration/context.js';
import { fileMigration } from '../dist/migration/flows/file-migration.js';
import { postcopy } from '../dist/migration/flows/postcopy.js';
import { precopy } from '../dist/migration/flows/precopy.js';
import { pagesOf } from '../dist/model/stamps.js';
import { stateOf } from '../dist/model/verdict.js';
import { hostFacts, hostLine, scratchFolder, writeResults } from './rounds.mjs';

const { values } = parseArgs({
  options: {
    qemu: { type: 'string', default: 'qemu-system-x86_64' },
    memory: { type: 'string', default: '6G' },
    by: { type: 'string', default: 'multifd' },
    writers: { type: 'string', default: '2' },
    pace: { type: 'string', default: '60000' },
    threads: { type: 'string', default: String(os.availableParallelism()) },
    json: { type: 'string' },
  },
});

const GiB = 2 ** 30;
const flows = {
  multifd: (context, settings) =>
    precopy(context, {
      ...settings,
      listen: 'defer',
      startHook: ({ destination }) => migrateIncoming(destination, { uri: 'tcp:127.0.0.1:0' }),
      capabilities: ['multifd'],
      multifdChannels: 4,
      live: true,
    }),
  postcopy: (context, settings) => postcopy(context, settings),
  'mapped-ram': (context, settings) =>
    fileMigration(context, {
      ...settings,
      connect: 'file:$DIR/migfile',
      capabilities: ['mapped-ram'],
      live: true,
    }),
};
const flow = flows[values.by];
if (flow === undefined) throw new Error(`--by: one of ${Object.keys(flows).join(', ')}`);
const [, gib] = /^(\d+)G$/.exec(values.memory) ?? [];
if (gib === undefined) throw new Error(`--memory: expected such as 6G, not '${values.memory}'`);
const ramBytes = Number(gib) * GiB;
const available = availableBytes();
if (2 * ramBytes + GiB > available) {
  const has = (available / GiB).toFixed(1);
  throw new Error(`two guests of ${gib} GiB do not fit into the ${has} GiB that are available`);
}

const directory = scratchFolder();
await run();

async function run() {
  // the default deadlines are for 99 MiB
  const plan = { ...(await planFor({ command: values.qemu }, directory)), slowness: 20 };
  const pace = Number(values.pace);
  const marks = [];
  const context = new TestContext({
    plan,
    directory,
    signal: AbortSignal.timeout(1_800_000),
    observer: {
      phase: (phase) => marks.push([phase, performance.now()]),
      status: () => undefined,
    },
    guest: {
      ramBytes,
      stamp: 'page',
      writers: Number(values.writers),
      pacePagesPerSecond: pace > 0 ? pace : undefined,
    },
  });
  const checks = [];
  const settings = { memory: 'memfd', endHook: (pair) => timeCheck(pair, checks) };
  try {
    const { verdict, figures } = await flow(context, settings);
    const pages = pagesOf(context.stamped);
    if (verdict?.intact !== true || verdict.pages !== pages) {
      throw new Error(`not whole: ${JSON.stringify(verdict, undefined, 1).slice(0, 4000)}`);
    }
    print({ plan, marks, verdict, figures, pages, checks, stamped: context.stamped });
  } finally {
    await context[Symbol.asyncDispose]();
  }
}

/** Once on as many threads as asked for; the flow itself checks on one, and twice. */
async function timeCheck({ context, destination }, checks) {
  await destination.qmp.execute('stop');
  const ram = await destination.ram(context.stamped);
  const verdict = await ram.checkStopped(context.stamped, { threads: Number(values.threads) });
  if (!verdict.intact) throw new Error(`not whole: ${stateOf(verdict)}`);
  checks.push(verdict.elapsedMs);
  await destination.qmp.execute('cont');
}

function print(result) {
  const { plan, marks, verdict, figures, pages, checks, stamped } = result;
  const seconds = (ms) => `${(ms / 1000).toFixed(2)} s`;
  const hex = (address) => `0x${address.toString(16)}`;
  const hole =
    stamped.hole === undefined
      ? ''
      : ` without ${hex(stamped.hole.start)}-${hex(stamped.hole.end)}`;
  console.log(`${values.qemu} (${plan.arch}, ${plan.machine}), ${values.memory}, ${values.by}`);
  console.log(hostLine(hostFacts()));
  console.log(
    `${pages} pages, ${hex(stamped.start)}-${hex(stamped.end)}${hole}, stamp page, ${values.writers} writers, pace ${values.pace}`,
  );
  console.log(
    `migration ${seconds(figures?.totalTimeMs ?? NaN)}, of that downtime ${seconds(figures?.downtimeMs ?? NaN)}, ${((figures?.transferredBytes ?? 0) / GiB).toFixed(2)} GiB sent, ${figures?.dirtySyncCount} passes`,
  );
  console.log(
    `check of every byte: ${checks.map(seconds).join(', ')} on ${values.threads} threads, ${seconds(verdict.elapsedMs)} on one (${verdict.kernel})`,
  );
  console.log(stateOf(verdict));
  for (const [index, [phase, at]] of marks.entries()) {
    const end = marks[index + 1]?.[1] ?? performance.now();
    console.log(`  ${phase.padEnd(10)}${seconds(end - at).padStart(10)}`);
  }
  writeResults(values.json, result);
}

function availableBytes() {
  const [, kib] = /^MemAvailable:\s+(\d+)/m.exec(readFileSync('/proc/meminfo', 'utf8')) ?? [];
  return Number(kib) * 1024;
}
