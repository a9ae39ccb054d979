/**
 * How fast the guest of each architecture stamps pages under TCG, and how well it keeps a pace.
 *
 *   node bench/guest.mjs [--folder .qemu/10.0/bin] [--arch x86_64,i386] [--seconds 8] [--pace 20000] [--json FILE]
 *
 * A pace is kept within a few per cent over some seconds: a writer that fell behind makes up for at most a tenth of a second.
 * Speeds are pages per second, and per second of processor time of the QEMU too, which a busy host changes less. The
 * answer is checked: memory must be whole before and after, and the pages are counted from the stamps themselves.
 */
import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { planFor } from '../dist/migration/context.fixtures.js';
import { TestContext } from '../dist/migration/context.js';
import { platforms } from '../dist/model/arch.js';
import { pageAt } from '../dist/model/stamps.js';
import { hostFacts, hostLine, processorTime, scratchFolder, writeResults } from './rounds.mjs';

const { values } = parseArgs({
  options: {
    folder: { type: 'string', default: '/usr/bin' },
    arch: { type: 'string', default: Object.keys(platforms).join(',') },
    seconds: { type: 'string', default: '8' },
    pace: { type: 'string', default: '20000' },
    writers: { type: 'string', default: '1' },
    json: { type: 'string' },
  },
});

const results = [];
const directory = scratchFolder();
console.log(hostLine(hostFacts()));
console.log('arch        stamp  wanted pages/s       pages/s  off by   per s of processor time');
for (const arch of values.arch.split(',')) {
  const command = path.join(values.folder, `qemu-system-${arch}`);
  if (!existsSync(command)) {
    console.log(`${arch.padEnd(12)}no ${command}`);
    continue;
  }
  for (const stamp of ['wide', 'page']) {
    for (const pace of [0, Number(values.pace)]) await measure(command, arch, stamp, pace);
  }
}
writeResults(values.json, results);

async function measure(command, arch, stamp, pace) {
  const plan = { ...(await planFor({ command }, directory)), slowness: 10 };
  const context = new TestContext({
    plan,
    directory,
    signal: AbortSignal.timeout(300_000),
    observer: { phase: () => undefined, status: () => undefined },
    guest: {
      ramBytes: platforms[plan.arch].ramBytes,
      stamp,
      writers: Number(values.writers),
      pacePagesPerSecond: pace > 0 ? pace : undefined,
    },
  });
  try {
    const guest = await context.startMachine({
      side: 'source',
      memory: { kind: 'memfd' },
      firmware: context.writeGuest(),
    });
    await guest.serial.waitForB({ timeoutMs: 120_000 });
    const ram = await guest.ram(context.stamped);
    const look = async () => {
      await guest.qmp.execute('stop');
      const stoppedAt = performance.now();
      const verdict = await ram.checkStopped(context.stamped);
      if (!verdict.intact) throw new Error(`not whole: ${JSON.stringify(verdict.slices)}`);
      return { pages: stampedPages(verdict), stoppedAt, busy: processorTime(guest.pid).own };
    };
    const before = await look();
    await guest.qmp.execute('cont');
    const startedAt = performance.now();
    await sleep(Number(values.seconds) * 1000);
    const after = await look();
    const pages = after.pages - before.pages;
    const perSecond = (pages * 1000) / (after.stoppedAt - startedAt);
    const off = pace > 0 ? (100 * (perSecond - pace)) / pace : undefined;
    const perBusySecond = pages / (after.busy - before.busy);
    results.push({ arch, stamp, pace, perSecond, perBusySecond });
    const round = (value) => Math.round(value).toLocaleString('en');
    const wanted = pace > 0 ? round(pace) : 'as it can';
    const deviation = off === undefined ? '' : `${off.toFixed(1)} %`;
    console.log(
      `${arch.padEnd(12)}${stamp.padEnd(7)}${wanted.padStart(14)}${round(perSecond).padStart(14)}${deviation.padStart(8)}${round(perBusySecond).padStart(28)}`,
    );
  } finally {
    await context[Symbol.asyncDispose]();
    rmSync(path.join(directory, 'guest.bin'), { force: true });
  }
}

function stampedPages({ slices, range, hole }) {
  return slices.reduce((sum, { start, pages, generation, edge }) => {
    const own = hole !== null && start < hole.start ? hole : undefined;
    const done = edge === null ? pages : pageAt({ start, step: range.step, hole: own }, edge);
    return sum + (generation - 1) * pages + done;
  }, 0);
}
