/**
 * A fleet of two agents on this host: what a run over it gives is what a run on one host gives, also if a
 * host is killed or frozen meanwhile; and nothing is left.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { postgresObstacle } from '../../fleet/coordinator/coordinator.fixtures.js';
import type { DroverEvent, EventOf } from '../../model/events.js';
import { Scratch, sharedMemoryFiles } from '../../model/scratch.fixtures.js';
import { realQemu } from '../../qemu/qemus.fixtures.js';
import { cleanEnd, drover, startDrover } from '../process/drover.fixtures.js';
import { TestFleet, eventsIn, signalTree, until } from './fleet.fixtures.js';
import type { TestAgent } from './fleet.fixtures.js';

const qemu = realQemu('10.0');
const obstacle = postgresObstacle();
const skip = obstacle === false ? qemu.skip : obstacle;

/** takes some seconds, so that a host can be lost meanwhile; the first to start, too */
const long = '/x86_64/migration/auto_converge/tailslow';
const tests = [
  ...['bad_dest', 'precopy/unix/plain', 'multifd/tcp/plain/zlib', 'auto_converge/tailslow'],
  // no host of a fleet has it either
  'precopy/rdma/plain',
].flatMap((name) => ['-p', name]);
const run = ['run', '--qemu', qemu.command, '--accel', 'tcg', '--keep', ...tests];

const finished = (events: readonly DroverEvent[]): EventOf<'test-finished'>[] =>
  events.filter((event) => event.type === 'test-finished');

/** of each attempt: its name, its outcome, and the files of its evidence */
function table(out: string): string[] {
  return finished(eventsIn(out))
    .map(({ test: name, attempt, outcome, directory }) => {
      const files = directory === undefined ? [] : readdirSync(path.join(out, directory)).sort();
      return `${name} ${attempt} ${outcome.kind}: ${files.join(' ')}`;
    })
    .sort();
}

const pidOf = ({ running }: TestAgent): number => running.child.pid ?? 0;
const warnings = (out: string): string =>
  eventsIn(out)
    .flatMap((event) => (event.type === 'warning' ? [event.message] : []))
    .join('\n');

// most of the time they wait for heartbeats
suite('a fleet', { concurrency: 3 }, () => {
  test(
    'a run over two hosts, one of which is killed, gives what one host gives',
    { skip },
    async (t) => {
      using scratch = new Scratch();
      await using fleet = await TestFleet.up(scratch);
      const agents = await Promise.all(
        ['first', 'second'].map(async (name) => fleet.agent(name, qemu.command, ['-j', '2'])),
      );
      const [over, single] = ['over', 'single'].map((name) => path.join(scratch.directory, name));
      assert.ok(over !== undefined && single !== undefined);
      const { ended } = startDrover([...run, '--fleet', fleet.folder, '--out', over], scratch);
      let victim: TestAgent | undefined;
      await until('start of the long test', () => {
        const started = eventsIn(over).find(
          (event) => event.type === 'test-started' && event.test === long,
        );
        if (started?.type !== 'test-started') return false;
        // two places each, in the order of their names
        victim = agents[(started.slot ?? 0) < 2 ? 0 : 1];
        return true;
      });
      assert.ok(victim !== undefined);
      signalTree(pidOf(victim), 'SIGKILL');
      const killedMs = performance.now();
      const ran = await ended;
      t.diagnostic(`ended ${Math.round(performance.now() - killedMs)} ms after the kill`);
      assert.equal(ran.code, 0, `${ran.stdout}\n${ran.stderr}`);
      assert.match(warnings(over), new RegExp(`host ${victim.name} was lost while it ran ${long}`));
      const again = finished(eventsIn(over)).filter((event) => event.test === long);
      assert.deepEqual(
        again.map(({ host }) => host),
        [victim.name === 'first' ? 'second' : 'first'],
        'it ended once, on the other host',
      );

      cleanEnd(await fleet.down(), scratch, 0);
      assert.deepEqual(sharedMemoryFiles(), []);
      const alone = await drover([...run, '--out', single, '-j', '2'], scratch);
      assert.equal(alone.code, 0, `${alone.stdout}\n${alone.stderr}`);
      assert.deepEqual(table(over), table(single));
      assert.ok(
        table(over).some((line) => line.includes('source.qmp.jsonl')),
        'evidence was brought',
      );
    },
  );

  test(
    'a host that is frozen loses its attempt, and its late result is refused',
    { skip },
    async () => {
      using scratch = new Scratch();
      await using fleet = await TestFleet.up(scratch);
      const agents = await Promise.all(
        ['first', 'second'].map(async (name) => fleet.agent(name, qemu.command, ['-j', '1'])),
      );
      const out = path.join(scratch.directory, 'out');
      const words = ['run', '--qemu', qemu.command, '--accel', 'tcg', '-p', long, '--out', out];
      const { ended } = startDrover([...words, '--fleet', fleet.folder], scratch);
      let frozen: TestAgent | undefined;
      await until('start of the test', () => {
        const started = eventsIn(out).find((event) => event.type === 'test-started');
        if (started?.type !== 'test-started') return false;
        frozen = agents[started.slot ?? 0];
        return true;
      });
      assert.ok(frozen !== undefined);
      signalTree(pidOf(frozen), 'SIGSTOP');
      const ran = await ended;
      signalTree(pidOf(frozen), 'SIGCONT');
      assert.equal(ran.code, 0, `${ran.stdout}\n${ran.stderr}`);
      assert.match(warnings(out), new RegExp(`host ${frozen.name} was lost while it ran ${long}`));
      const ends = finished(eventsIn(out)).map(({ host }) => host);
      assert.deepEqual(ends, [frozen.name === 'first' ? 'second' : 'first']);
      const { printed } = frozen;
      await until('agent that gives up its attempt', () =>
        /is not this agent's any more|a late result was refused|no answer of the database/.test(
          printed.text,
        ),
      );
      // it takes part again, once it has ended what it ran
      const idle = new RegExp(`^ *${frozen.name} +live +0 of 1`, 'm');
      await until('agent that is live and idle', async () => {
        const { stdout } = await drover(['fleet', 'status', fleet.folder], scratch);
        return idle.test(stdout);
      });
      cleanEnd(await fleet.down(), scratch, 0);
    },
  );

  test('what a run over a fleet cannot do is refused at once', { skip }, async () => {
    using scratch = new Scratch();
    const refused = async (words: readonly string[], reason: RegExp): Promise<void> => {
      const ran = await drover(
        ['run', '--qemu', qemu.command, '--accel', 'tcg', ...words],
        scratch,
      );
      assert.equal(ran.code, 2, `${ran.stdout}\n${ran.stderr}`);
      assert.match(ran.stderr, reason);
    };
    const nowhere = path.join(scratch.directory, 'nowhere');
    await refused(['--fleet', nowhere], /no fleet in .*nowhere: no such file.*drover fleet up/);
    await refused(['--fleet', nowhere, '-j', '2'], /-j does not go together with --fleet/);
    await using fleet = await TestFleet.up(scratch);
    await refused(['--fleet', fleet.folder], /no agent of the fleet in .* is there: start one/);
    const other = realQemu('7.2');
    if (other.skip === false) {
      await fleet.agent('other', other.command, ['-j', '1']);
      await refused(['--fleet', fleet.folder], /no agent has the QEMU of this run \(10\.0/);
      // two coordinators in one folder
      const second = await drover(['fleet', 'up', fleet.folder], scratch);
      assert.equal(second.code, 2);
      assert.match(second.stderr, /is that of a fleet which runs/);
      const drained = await drover(['fleet', 'drain', fleet.folder], scratch);
      assert.equal(drained.code, 0, drained.stderr);
      for (let tries = 0; tries < 100; tries++) {
        const { stdout } = await drover(['fleet', 'status', fleet.folder], scratch);
        if (/silent|draining/.test(stdout)) break;
        await sleep(100);
      }
    }
    cleanEnd(await fleet.down(), scratch, 0);
  });
});
