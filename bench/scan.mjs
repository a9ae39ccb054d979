// Scan of guest memory, beside the same reads with nothing around them (scan-floor.cc).
//
//   node bench/scan.mjs [--size-mib 4096] [--rounds 7] [--json FILE]
//
// Needs a finished build (npm run build). Rounds alternate between the floor and Drover, the ratio is taken per round,
// and the median is what counts. Drover's time is what a caller waits: from the call to the promise's answer.
// Each answer is checked; a wrong one ends the benchmark. Memory is a memfd and a child's own: nothing is left behind.
import os from 'node:os';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { median } from 'simple-statistics';
import { openProcessRam, openSharedRam } from '../dist/memory/open-ram.js';
import { readerRam } from '../dist/memory/reader-ram.js';
import { loadAddon } from '../dist/native/addon.js';
import {
  alternate,
  builtProgram,
  holding,
  hostFacts,
  hostLine,
  timedMs,
  writeResults,
} from './rounds.mjs';
import { lineChild } from './scan-lines.mjs';

const { values: options } = parseArgs({
  options: {
    'size-mib': { type: 'string', default: '4096' },
    rounds: { type: 'string', default: '7' },
    json: { type: 'string' },
  },
});
const step = 4096;
const sizeBytes = Number(options['size-mib']) * 2 ** 20;
const rounds = Number(options.rounds);
const pages = sizeBytes / step;
const edge = Math.floor(pages * 0.6);
const generation = 0x27;
const range = { start: 0, end: sizeBytes, step };
const expectedSum = edge * generation + (pages - edge) * (generation - 1);
const qtestPages = 4000;

function requireVerdict(verdict, wantedPages, wantedEdge) {
  const right =
    verdict.intact &&
    verdict.pages === wantedPages &&
    verdict.slices[0].edge === wantedEdge &&
    verdict.slices[0].generation === generation;
  if (!right) throw new Error(`wrong verdict: ${JSON.stringify(verdict)}`);
}

/** The floor's answer is "milliseconds sum". */
async function floorMs(floor, command) {
  const [ms, sum] = (await floor.ask(command)).split(' ').map(Number);
  if (sum !== expectedSum) throw new Error(`the floor's answer to "${command}" is wrong: ${sum}`);
  return ms;
}

const checked = async (ram, options) =>
  requireVerdict(await ram.checkStopped(range, options), pages, edge * step);

const results = { host: hostFacts(), sizeBytes, step, rounds, cases: [] };

function record(name, samples, target) {
  const ratios = samples.map(({ floorMs, droverMs }) => droverMs / floorMs);
  const drover = median(samples.map(({ droverMs }) => droverMs));
  const floor = median(samples.map(({ floorMs }) => floorMs));
  results.cases.push({ name, samples, droverMs: drover, floorMs: floor, ratio: median(ratios) });
  const spread = `${Math.min(...ratios).toFixed(2)}-${Math.max(...ratios).toFixed(2)}`;
  const verdict = target === undefined ? '' : median(ratios) <= target ? ' ok' : ' MISSED';
  const goal = target === undefined ? '' : ` (target ${target})`;
  console.log(
    `${name.padEnd(34)} ${drover.toFixed(2).padStart(9)} ms   floor ${floor.toFixed(2).padStart(9)} ms   ` +
      `ratio ${median(ratios).toFixed(2)} [${spread}]${goal}${verdict}   ${((drover * 1e6) / pages).toFixed(1)} ns/page`,
  );
  writeResults(options.json, results);
  return drover;
}

async function sharedCases(floorProgram) {
  const addon = loadAddon();
  const fd = addon.memfdCreate('drover-bench', sizeBytes);
  const file = `/proc/${process.pid}/fd/${fd}`;
  try {
    return await holding(lineChild(floorProgram, []), async (floor) => {
      await floor.ask(`fill ${file} ${sizeBytes} ${edge} ${generation}`);
      const warmMs = await warmCases(floor, file, fd);
      await coldCase(floor, file, fd);
      return warmMs;
    });
  } finally {
    addon.closeFd(fd);
  }
}

const openShared = (fd) =>
  openSharedRam({ fd, regions: [{ address: 0, size: sizeBytes, offset: 0 }] });

function warmCases(floor, file, fd) {
  const addon = loadAddon();
  const floorOnce = () => floorMs(floor, `warm ${file} ${sizeBytes}`);
  return openShared(fd).then((ram) =>
    holding(ram, async () => {
      await checked(ram);
      await floorOnce();
      let defaultMs;
      for (const kernel of addon.kernelNames()) {
        const isDefault = kernel === addon.defaultKernel();
        const samples = await alternate(rounds, floorOnce, () =>
          timedMs(() => checked(ram, { kernel })),
        );
        const ms = record(`shared mapping, warm, ${kernel}`, samples, isDefault ? 1.2 : undefined);
        if (isDefault) defaultMs = ms;
      }
      return defaultMs;
    }),
  );
}

/** Opening belongs to the time, closing does not: the floor's time ends before it unmaps, too. */
async function coldCase(floor, file, fd) {
  const samples = await alternate(
    rounds,
    () => floorMs(floor, `cold ${file} ${sizeBytes}`),
    async () => {
      const startedMs = performance.now();
      return holding(await openShared(fd), async (ram) => {
        await checked(ram);
        return performance.now() - startedMs;
      });
    },
  );
  record('shared mapping, cold', samples, 1.2);
}

const processCase = (floorProgram, huge) =>
  holding(lineChild(floorProgram, []), (holder) =>
    holding(lineChild(floorProgram, []), async (floor) => {
      const address = await holder.ask(`hold ${sizeBytes} ${edge} ${generation} ${huge ? 1 : 0}`);
      const regions = [{ address: 0, size: sizeBytes, hostAddress: BigInt(address) }];
      return holding(await openProcessRam({ pid: holder.pid, regions }), async (ram) => {
        const samples = await alternate(
          rounds,
          () => floorMs(floor, `gather ${holder.pid} ${address} ${sizeBytes}`),
          () => timedMs(() => checked(ram)),
        );
        return record(`process_vm_readv, ${huge ? 'huge' : 'small'} pages`, samples);
      });
    }),
  );

/** A sample of pages through a real QEMU's qtest, scaled to the whole. */
function qtestMs() {
  // Stopped before its first instruction; the accelerator named qtest is not in every distribution.
  const machine = '-machine pc -accel tcg -S -nodefaults -display none -m 64 -qtest-log none';
  const start = 2 ** 20;
  const sampleEdge = start + (qtestPages / 2) * step;
  const end = start + qtestPages * step;
  return holding(
    lineChild('qemu-system-x86_64', `${machine} -qtest stdio`.split(' ')),
    async (qemu) => {
      const fill = async (from, to, value) => {
        const where = `0x${from.toString(16)} 0x${(to - from).toString(16)}`;
        const answer = await qemu.ask(`memset ${where} ${value}`);
        if (answer !== 'OK') throw new Error(`qtest answered: ${answer}`);
      };
      await fill(start, sampleEdge, generation);
      await fill(sampleEdge, end, generation - 1);
      const read = async (address, size) => {
        const answer = await qemu.ask(`read 0x${address.toString(16)} 0x${size.toString(16)}`);
        return Buffer.from(answer.slice('OK 0x'.length), 'hex');
      };
      return holding(readerRam({ source: 'qtest', read }), async (ram) => {
        const samples = [];
        for (let round = 0; round < rounds; round++) {
          const once = async () =>
            requireVerdict(await ram.checkStopped({ start, end, step }), qtestPages, sampleEdge);
          samples.push(await timedMs(once));
        }
        return (median(samples) / qtestPages) * pages;
      });
    },
  );
}

async function main() {
  console.log(hostLine(results.host));
  console.log(
    `${sizeBytes / 2 ** 20} MiB, one byte per ${step}, ${rounds} rounds, medians, 1 scanning thread\n`,
  );
  const neededBytes = sizeBytes * 1.1;
  if (os.freemem() < neededBytes) {
    throw new Error(
      `${Math.ceil(neededBytes / 2 ** 20)} MiB of free memory are needed, ` +
        `${Math.floor(os.freemem() / 2 ** 20)} MiB are there; take a smaller --size-mib`,
    );
  }
  const floorProgram = builtProgram('drover-scan-floor');

  // One after the other, so that memory is held once.
  const warmMs = await sharedCases(floorProgram);
  const gatherMs = await processCase(floorProgram, false);
  await processCase(floorProgram, true);
  try {
    const wholeMs = await qtestMs();
    results.qtest = { sampledPages: qtestPages, extrapolatedMs: wholeMs };
    const times = (ms) => Math.round(wholeMs / ms);
    const verdict = times(warmMs) >= 100 ? 'ok' : 'MISSED';
    console.log(
      `qtest reads, from ${qtestPages} pages       ${wholeMs.toFixed(0).padStart(9)} ms   ` +
        `warm scan is ${times(warmMs)} times faster (target 100) ${verdict}, process_vm_readv ${times(gatherMs)} times`,
    );
  } catch (error) {
    console.log(`qtest reads: not measured: ${error.message}`);
  }
  writeResults(options.json, results);
}

await main();
