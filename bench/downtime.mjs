/**
 * How exact the guest downtime of `drover bench` is: a guest that writes is stopped and continued by QMP for known times, while
 * Drover watches its memory as it does in a benchmark. And what watching costs.
 *
 *   node bench/downtime.mjs [--qemu COMMAND] [--pace 50000] [--writers 1] [--repeats 10] [--json FILE]
 *
 * Pace is in pages per second; 0 is as fast as it can. Known is the time between QEMU's events STOP and RESUME. The guest stands
 * still a little longer: before STOP its processors have stopped, and after RESUME they start again. The answer is checked: no
 * standstill may be missed or be shorter than the known time by more than the error that the watch itself reports.
 */
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { planFor } from '../dist/migration/context.fixtures.js';
import { TestContext } from '../dist/migration/context.js';
import { standstill } from '../dist/migration/stress/guest-course.js';
import { GuestWatch } from '../dist/migration/stress/guest-watch.js';
import { holding, hostFacts, hostLine, scratchFolder, writeResults } from './rounds.mjs';

const { values } = parseArgs({
  options: {
    qemu: { type: 'string', default: 'qemu-system-x86_64' },
    pace: { type: 'string', default: '50000' },
    writers: { type: 'string', default: '1' },
    repeats: { type: 'string', default: '10' },
    json: { type: 'string' },
  },
});
const stoppedMs = [1, 5, 20, 100, 1000];
const pace = Number(values.pace);
const host = hostFacts();
const folder = scratchFolder();

const context = new TestContext({
  plan: await planFor({ command: values.qemu }, folder),
  directory: folder,
  signal: AbortSignal.timeout(600_000),
  observer: { phase: () => undefined, status: () => undefined },
  guest: {
    ...{ ramBytes: 64 * 2 ** 20, stamp: 'page', heartbeat: true },
    writers: Number(values.writers),
    pacePagesPerSecond: pace === 0 ? undefined : pace,
  },
});

async function command(machine, name, event) {
  const { events } = machine.qmp;
  const since = events.cursor;
  await machine.qmp.execute(name);
  const wait = { what: `event ${event}`, since, timeoutMs: 30_000 };
  return (await events.wait((each) => each.name === event, wait)).sentAtMs;
}

const watching = (machine, work) => holding(GuestWatch.start(machine, machine), work);

/** @returns the known, the measured time and the error that the watch reports */
async function once(machine, forMs) {
  return await watching(machine, async (watch) => {
    await sleep(100);
    const stopMs = await command(machine, 'stop', 'STOP');
    await sleep(forMs);
    const resumeMs = await command(machine, 'cont', 'RESUME');
    await sleep(200);
    const { beats } = await watch.stop();
    const seen = standstill(beats, stopMs, resumeMs);
    const known = resumeMs - stopMs;
    if (seen === undefined || seen.ms < known - seen.resolutionMs) {
      throw new Error(`stopped for ${known} ms, and the watch saw ${JSON.stringify(seen)}`);
    }
    return { known, measured: seen.ms, reported: seen.resolutionMs };
  });
}

/** of one core, in percent */
async function costOf(machine) {
  return await watching(machine, async (watch) => {
    const before = process.cpuUsage();
    const startMs = performance.now();
    await sleep(5000);
    const { user, system } = process.cpuUsage(before);
    const percent = (user + system) / 10 / (performance.now() - startMs);
    const { beats, pages } = await watch.stop();
    const grown = pages.at(-1) - pages[1];
    if (!(grown > 0)) throw new Error('the guest wrote no page');
    return { percent, samples: beats.length / 2, grown };
  });
}

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const columns = [12, 12, 12, 14, 14, 16];
const row = (cells) => cells.map((cell, at) => cell.padStart(columns[at])).join('');
const ms = (value) => value.toFixed(2);

async function measure() {
  const machine = await context.startMachine({
    side: 'source',
    memory: { kind: 'memfd' },
    firmware: context.writeGuest(),
  });
  await machine.serial.waitForB({ timeoutMs: 60_000 });
  const cost = await costOf(machine);
  console.log(
    `watching takes ${cost.percent.toFixed(2)} % of a core; ${cost.samples} samples and ${cost.grown} pages in 5 s`,
  );
  console.log(
    row(['stop for', 'known', 'measured', 'error median', 'error worst', 'reported worst']),
  );
  const results = [];
  for (const forMs of stoppedMs) {
    const seen = [];
    for (let left = Number(values.repeats); left > 0; left--) seen.push(await once(machine, forMs));
    const errors = seen.map(({ known, measured }) => measured - known);
    const worst = errors.reduce((most, each) => (Math.abs(each) > Math.abs(most) ? each : most));
    const reported = Math.max(...seen.map((each) => each.reported));
    const known = median(seen.map((each) => each.known));
    const measured = median(seen.map((each) => each.measured));
    console.log(
      row([`${forMs} ms`, ...[known, measured, median(errors), worst, reported].map(ms)]),
    );
    results.push({ forMs, seen });
  }
  writeResults(values.json, { host, cost, results });
}

console.log(hostLine(host));
await holding(context, measure);
