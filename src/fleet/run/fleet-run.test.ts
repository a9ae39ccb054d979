/**
 * A run's side of a fleet, with a real PostgreSQL and pg-boss. The agent is played by the test, with the
 * rights of an agent, so that hosts can be lost at will; no QEMU.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { PgBoss } from 'pg-boss';
import { pollUntil } from '../../model/deadline.js';
import type { DroverEvent } from '../../model/events.js';
import type { Attempt } from '../../schedule/attempts.js';
import { Outbox } from '../agent/outbox.js';
import { joinFleet } from '../agent/join.js';
import {
  RunningCoordinator,
  postgresObstacle,
  release,
} from '../coordinator/coordinator.fixtures.js';
import { openDatabase } from '../database/connect.js';
import type { Database } from '../database/connect.js';
import { parseMessage } from '../messages.js';
import type { QueueNeed } from '../messages.js';
import { FleetConnection } from './connection.js';
import { FleetRun } from './fleet-run.js';
import type { RemoteAttempt } from './remote-attempt.js';

const skip = postgresObstacle();
const digest = 'a'.repeat(64);
const need: QueueNeed = {
  ...{ arch: 'x86_64', source: digest, destination: digest, accel: 'tcg', facts: [] },
  demand: { cpu: 1, memoryBytes: 100, sharedMemoryBytes: 0, exclusive: [] },
};
let fleet: RunningCoordinator;
let agent: Database;
let boss: PgBoss;

before(async () => {
  if (skip !== false) return;
  fleet = await RunningCoordinator.start();
  const line = await fleet.joinLine();
  const member = await joinFleet({ line, name: 'played', drover: release });
  agent = await openDatabase(member.database, 'test');
  await agent.query("INSERT INTO drover.host (facts) VALUES ('{}')");
  boss = agent.boss({ schedule: false, supervise: false, migrate: false, registerInstance: false });
  await boss.start();
});

after(async () => {
  if (skip !== false) return;
  await boss.stop({ graceful: false, close: false });
  await agent[Symbol.asyncDispose]();
  const { scratch } = fleet;
  await fleet[Symbol.asyncDispose]();
  assert.deepEqual(scratch.processes(), [], 'no process is left');
});

class Played implements AsyncDisposable {
  readonly events: DroverEvent[] = [];
  #parts: AsyncDisposable[] = [];
  #run: FleetRun | undefined;

  static async open(): Promise<Played> {
    const played = new Played();
    const connection = await FleetConnection.open(fleet.folder, release);
    played.#parts.push(connection);
    played.#run = await FleetRun.open({
      ...{ fleet: connection, hosts: [], clock: () => 7, adopt: () => '/kept' },
      emit: (event) => played.events.push(event),
      needOf: () => need,
      jobOf: () => ({ machine: 'pc-q35-10.0', keep: false, rerun: 'again' }),
    });
    played.#parts.push(played.#run);
    return played;
  }

  start(name: string): RemoteAttempt {
    const { demand } = need;
    const path = `/migration/${name}`;
    const test = { path, name: `/x86_64${path}`, expectedMs: 1, demand };
    const attempt: Attempt = {
      ...{ test, attempt: 1, retry: 0, slot: 0, round: 1, demand, expectedMs: 1 },
    };
    if (this.#run === undefined) throw new Error('it is not open');
    return this.#run.start(attempt);
  }

  types(): string[] {
    return this.events.map(({ type }) => type);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const part of this.#parts.reverse()) await part[Symbol.asyncDispose]();
  }
}

interface Claim {
  readonly queue: string;
  readonly id: string;
  readonly retryCount: number;
  readonly run: string;
}

/** Takes the next job, as an agent does, and says that it has started. */
async function take(): Promise<Claim> {
  let claim: Claim | undefined;
  await pollUntil({ waitedFor: 'job', timeoutMs: 20_000, everyMs: 50, blame: 'host' }, async () => {
    const queues = await agent.query<{ name: string }>('SELECT name FROM drover.queue');
    for (const { name: queue } of queues) {
      const [found] = await boss.fetch(queue, { batchSize: 1, includeMetadata: true });
      if (found === undefined) continue;
      const { id, retryCount } = found;
      claim = { queue, id, retryCount, run: parseMessage('job', found.data).run };
    }
    return claim === undefined ? `${queues.length} empty queues` : undefined;
  });
  assert.ok(claim !== undefined);
  await say(claim, { type: 'started', slot: 0 });
  return claim;
}

let seq = 0;
async function say({ run, id, retryCount }: Claim, event: unknown): Promise<void> {
  seq += 1;
  await agent.query(
    'INSERT INTO drover.event (run, job, try, seq, body) VALUES ($1, $2, $3, $4, $5)',
    [run, id, retryCount, seq, JSON.stringify(event)],
  );
}

/** The result and the end of the job together; false where the claim is not this one's any more. */
async function finish({ queue, id, retryCount, run }: Claim, body: string): Promise<boolean> {
  class Refused extends Error {}
  try {
    await agent.transaction(async (sql) => {
      await sql.executeSql(
        'INSERT INTO drover.result (run, job, try, body) VALUES ($1, $2, $3, $4)',
        [run, id, retryCount, body],
      );
      const claim = { id, retryCount };
      const { affected } = (await boss.complete(queue, claim, {}, { db: sql })) as {
        affected?: number;
      };
      if (affected !== 1) throw new Refused();
    });
    return true;
  } catch (error) {
    if (error instanceof Refused) return false;
    throw error;
  }
}

/** As the watch over agents does it when one is silent. */
async function lose({ queue, id, retryCount }: Claim): Promise<void> {
  const owner = fleet.owner.boss({ schedule: false, supervise: false, registerInstance: false });
  await owner.start();
  await owner.fail(queue, { id, retryCount }, {});
  await owner.stop({ graceful: false, close: false });
}

const passed = JSON.stringify({
  ...{ version: 1, slot: 0 },
  report: { outcome: { kind: 'passed' }, durationMs: 5, phases: [] },
});

test(
  'an attempt is sent, followed and ended; nothing is left in the database',
  { skip },
  async () => {
    await using played = await Played.open();
    const { ended } = played.start('plain');
    const claim = await take();
    await say(claim, { type: 'phase', phase: 'migrate' });
    await say(claim, { type: 'status', side: 'source', status: 'active' });
    assert.ok(await finish(claim, passed));
    const end = await ended;
    assert.deepEqual([end?.outcome.kind, end?.host, end?.durationMs], ['passed', 'played', 5]);
    assert.deepEqual(played.types(), ['test-started', 'phase-started', 'migration-status']);
    await played[Symbol.asyncDispose]();
    for (const table of ['queue', 'event', 'result']) {
      assert.deepEqual(await fleet.owner.query(`SELECT * FROM drover.${table}`), [], table);
    }
  },
);

test(
  'a late result is refused, and what a lost host still says is not shown',
  { skip },
  async () => {
    await using played = await Played.open();
    const { ended } = played.start('frozen');
    const first = await take();
    await lose(first);
    const second = await take();
    assert.equal(second.id, first.id);
    assert.equal(second.retryCount, 1);
    assert.equal(await finish(first, passed), false, 'the fence holds');
    await pollUntil({ waitedFor: 'warning', timeoutMs: 10_000, everyMs: 20, blame: 'host' }, () =>
      played.types().includes('warning') ? undefined : played.types().join(),
    );
    await say(first, { type: 'phase', phase: 'verify' });
    await say(second, { type: 'phase', phase: 'launch' });
    assert.ok(await finish(second, passed));
    assert.equal((await ended)?.outcome.kind, 'passed');
    const shown = played.events.flatMap((event) =>
      event.type === 'phase-started'
        ? [event.phase]
        : event.type === 'warning'
          ? [event.message]
          : [],
    );
    assert.deepEqual(shown, [
      'host played was lost while it ran /x86_64/migration/frozen: played runs it again',
      'launch',
    ]);
  },
);

test('an attempt that three hosts were lost with is broken', { skip }, async () => {
  await using played = await Played.open();
  const { ended } = played.start('deadly');
  for (let tries = 0; tries < 3; tries++) await lose(await take());
  const outcome = (await ended)?.outcome;
  assert.ok(outcome?.kind === 'broken');
  assert.equal(outcome.failure.code, 'hosts-lost');
  assert.match(
    outcome.failure.message,
    /3 hosts were lost while they ran it: played, played, played/,
  );
});

test(
  'a result of the wrong shape makes the attempt broken, with the reason',
  { skip },
  async () => {
    await using played = await Played.open();
    const { ended } = played.start('odd');
    assert.ok(await finish(await take(), '{"version":1}'));
    const outcome = (await ended)?.outcome;
    assert.ok(outcome?.kind === 'broken');
    assert.equal(outcome.failure.code, 'fleet-message');
    assert.match(outcome.failure.message, /a result of the wrong shape: report/);
  },
);

test(
  'what no host has taken is withdrawn; what runs is cancelled, and its agent sees it',
  { skip },
  async () => {
    await using played = await Played.open();
    const running = played.start('running');
    const claim = await take();
    await pollUntil({ waitedFor: 'start', timeoutMs: 10_000, everyMs: 20, blame: 'host' }, () =>
      running.claim === undefined ? 'no claim' : undefined,
    );
    const waiting = played.start('waiting');
    waiting.withdraw();
    running.withdraw();
    assert.equal(await waiting.ended, undefined);
    running.cancel();
    assert.deepEqual((await running.ended)?.outcome, { kind: 'cancelled' });
    await pollUntil(
      { waitedFor: 'loss of the claim', timeoutMs: 10_000, everyMs: 50, blame: 'host' },
      async () => {
        const { id, retryCount } = claim;
        const answer = (await boss.touch(claim.queue, [{ id, retryCount }])) as {
          settled?: string[];
        };
        return answer.settled?.includes(id) === true ? 'it is held' : undefined;
      },
    );
    assert.equal(await finish(claim, passed), false);
  },
);

test('events that an agent gathered go out together, in their order', { skip }, async () => {
  await using played = await Played.open();
  const { ended } = played.start('gathered');
  const claim = await take();
  const key = { run: claim.run, job: claim.id, try: claim.retryCount };
  const outbox = new Outbox(agent, (text) => assert.fail(text));
  // after those that the test itself has numbered
  for (let count = 0; count <= seq; count++)
    outbox.add(key, { type: 'note', message: `n${count}` });
  await (
    await outbox.finish(key)
  )(agent.sql);
  outbox.forget(key);
  assert.ok(await finish(claim, passed));
  await ended;
  const notes = played.events.filter(({ type }) => type === 'warning');
  assert.ok(notes.length > 0);
  assert.match(JSON.stringify(notes.at(-1)), /host played: n\d+/);
});
