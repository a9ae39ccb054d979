/**
 * An agent with a real PostgreSQL whose attempts are a worker's that only waits: what it takes at once, what
 * it does when the database is silent, and how it ends.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pollUntil } from '../../model/deadline.js';
import type { QemuFeatures } from '../../model/features.js';
import { MemoryMeter } from '../../schedule/memory-meter.js';
import { WorkerPool } from '../../schedule/pool.js';
import {
  RunningCoordinator,
  postgresObstacle,
  release,
} from '../coordinator/coordinator.fixtures.js';
import { openDatabase } from '../database/connect.js';
import type { HostFacts, Job, QueueNeed } from '../messages.js';
import { FleetAgent } from './agent.js';
import type { AgentEnd } from './agent.js';
import { AllowList, fileMark } from './allow-list.js';
import { joinFleet } from './join.js';
import { Outbox } from './outbox.js';

const skip = postgresObstacle();
const digest = 'a'.repeat(64);
const run = '0123456789abcdef';
const limits = { slots: 2, cpu: 2, memoryBytes: 1000, sharedMemoryBytes: 0 };
/** of work that the agent's own end cuts short */
const forever = new Promise<void>(() => undefined);
let fleet: RunningCoordinator;

before(async () => {
  if (skip === false) fleet = await RunningCoordinator.start();
});

after(async () => {
  if (skip !== false) return;
  const { scratch } = fleet;
  await fleet[Symbol.asyncDispose]();
  assert.deepEqual(scratch.processes(), [], 'no process is left');
});

/** Puts a test into a queue of its own. */
async function send(name: string, change: Partial<Job> = {}, demand = 1): Promise<string> {
  const owner = fleet.owner.boss({ schedule: false, supervise: false, registerInstance: false });
  await owner.start();
  const queue = `q${randomUUID()}`;
  const id = randomUUID();
  const need: QueueNeed = {
    ...{ arch: 'x86_64', source: digest, destination: digest, accel: 'tcg', facts: [] },
    demand: { cpu: demand, memoryBytes: 1, sharedMemoryBytes: 0, exclusive: [] },
  };
  const job: Job = {
    ...{
      version: 1,
      run,
      test: `/migration/${name}`,
      name: `/x86_64/migration/${name}`,
      attempt: 1,
    },
    ...{ machine: 'none', expectedMs: 1, keep: false, rerun: '', ...change },
  };
  await owner.createQueue(queue, { heartbeatSeconds: 10 });
  await fleet.owner.query('INSERT INTO drover.queue (name, run, need) VALUES ($1, $2, $3)', [
    ...[queue, run, JSON.stringify(need)],
  ]);
  await owner.insert(queue, [{ id, data: job }]);
  await owner.stop({ graceful: false, close: false });
  return id;
}

async function outcomeOf(job: string): Promise<string> {
  let body: string | undefined;
  await pollUntil(
    { waitedFor: 'result', timeoutMs: 20_000, everyMs: 50, blame: 'host' },
    async () => {
      const rows = await fleet.owner.query<{ body: string }>(
        'SELECT body FROM drover.result WHERE job = $1',
        [job],
      );
      body = rows[0]?.body;
      return body === undefined ? 'none' : undefined;
    },
  );
  return body ?? '';
}

/** By its own word: an earlier agent's may be out of date. */
const running = async (host: string): Promise<number> => {
  const rows = await fleet.owner.query<{ running: number }>(
    'SELECT running FROM drover.host WHERE host = $1',
    [host],
  );
  return rows[0]?.running ?? 0;
};

/** An agent until the work is done; @returns what it said, and how it ended */
async function withAgent(
  name: string,
  work: (notes: readonly string[], stop: () => void) => Promise<void>,
  leaseMs?: number,
): Promise<{ notes: string[]; end: AgentEnd }> {
  const member = await joinFleet({ line: await fleet.joinLine(), name, drover: release });
  await using database = await openDatabase(member.database, 'test');
  const boss = database.boss({
    ...{ schedule: false, supervise: false, migrate: false, registerInstance: false },
  });
  boss.on('error', () => undefined);
  await boss.start();
  const pool = new WorkerPool(limits.slots, {
    entry: new URL('./patient-worker.fixtures.js', import.meta.url),
  });
  using meter = new MemoryMeter();
  const directory = path.join(fleet.scratch.directory, name);
  mkdirSync(directory);
  const program = process.execPath;
  const features: unknown = { version: '10.0', machines: [] };
  const allowed = {
    ...{ digest, features: features as QemuFeatures, slowness: { tcg: 1 }, host: {} },
    binary: { command: program, program, arch: 'x86_64' as const, isPrefixed: false },
    file: fileMark(program),
  };
  const notes: string[] = [];
  const note = (text: string): unknown => notes.push(text);
  const stopped = new AbortController();
  const agent = new FleetAgent({
    ...{ database, boss, pool, meter, directory, limits, note, leaseMs, usualTimeoutMs: 90_000 },
    outbox: new Outbox(database, note),
    allowed: new AllowList([allowed], {}),
    facts: {} as HostFacts,
    keepEvidence: async () => [],
    signal: stopped.signal,
  });
  const ended = agent.toTheEnd();
  try {
    await Promise.race([
      work(notes, () => {
        stopped.abort();
      }),
      ended,
    ]);
    stopped.abort();
    return { notes, end: await ended };
  } finally {
    stopped.abort();
    await ended.catch(() => undefined);
    // what was left in them is not for the next agent
    await fleet.owner.query('DELETE FROM drover.queue');
    await boss.stop({ graceful: false, close: false });
    await pool.close();
  }
}

test(
  'attempts run at once as far as the tokens allow, and each result is written',
  { skip },
  async () => {
    const { end } = await withAgent('usual', async () => {
      const jobs = [await send('a'), await send('b'), await send('c', {}, 2)];
      for (const job of jobs) assert.match(await outcomeOf(job), /"kind":"passed"/);
      // the second waits until the first, which needs both cores, has ended
      await send('long', {}, 2);
      const waits = await send('d');
      await sleep(1000);
      const rows = await fleet.owner.query('SELECT 1 FROM drover.result WHERE job = $1', [waits]);
      assert.deepEqual(rows, []);
    });
    assert.equal(end, 'signal');
  },
);

test(
  'a job of the wrong shape is answered as broken, and none of it is run',
  { skip },
  async () => {
    await withAgent('strict', async (notes) => {
      const job = await send('odd', { machine: 'pc,accel=kvm' });
      assert.match(await outcomeOf(job), /"code":"fleet-message".*machine: a machine type/);
      const unknown = await send('odd', { machine: 'pc-q35-1.0' });
      assert.match(await outcomeOf(unknown), /"code":"machine-unknown"/);
      assert.match(notes.join('\n'), /refused job .*: a job of the wrong shape: machine/);
    });
  },
);

test('without an answer of the database an agent ends its machines', { skip }, async () => {
  const [pid] = readFileSync(
    path.join(fleet.folder, 'postgresql/data/postmaster.pid'),
    'utf8',
  ).split('\n');
  const servers = (): number[] => {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return [Number(pid), ...children.split(' ').map(Number)].filter((each) => each > 1);
  };
  const { notes } = await withAgent(
    'cut-off',
    async (said) => {
      await send('long');
      await pollUntil(
        { waitedFor: 'attempt that runs', timeoutMs: 20_000, everyMs: 50, blame: 'host' },
        async () => ((await running('cut-off')) > 0 ? undefined : 'none'),
      );
      const frozen = servers();
      for (const each of frozen) process.kill(each, 'SIGSTOP');
      try {
        await pollUntil(
          { waitedFor: 'end of the machines', timeoutMs: 20_000, everyMs: 50, blame: 'host' },
          () =>
            said.some((text) => text.includes('ending the machines')) ? undefined : said.join(),
        );
      } finally {
        for (const each of frozen) process.kill(each, 'SIGCONT');
      }
      await pollUntil(
        { waitedFor: 'end of the attempt', timeoutMs: 20_000, everyMs: 50, blame: 'host' },
        async () => ((await running('cut-off')) === 0 ? undefined : 'it runs'),
      );
    },
    3000,
  );
  assert.match(
    notes.join('\n'),
    /no answer of the database for \d s: ending the machines of 1 attempts/,
  );
});

test(
  'an agent that is drained ends when it has nothing left; one of a fleet that ends, at once',
  { skip },
  async () => {
    const drained = await withAgent('drained', async () => {
      const last = await send('last');
      await outcomeOf(last);
      await fleet.owner.query("UPDATE drover.host SET draining = true WHERE host = 'drained'");
      await forever;
    });
    assert.equal(drained.end, 'drained');
    const down = await withAgent('down', async () => {
      await fleet.owner.query("UPDATE drover.fleet SET state = 'down'");
      await forever;
    });
    assert.equal(down.end, 'down');
  },
);
