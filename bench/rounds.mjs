// What the benchmarks have in common: interleaved rounds, facts about the host, a folder of their own, results on disk after
// each case.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';

export const GiB = 2 ** 30;
export const root = path.join(import.meta.dirname, '..');

export function hostFacts() {
  let commit = 'none';
  try {
    commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    // not a clone
  }
  const cpu = os.cpus()[0]?.model ?? 'unknown';
  const [load] = os.loadavg();
  const cores = os.cpus().length;
  return { cpu, cores, kernel: os.release(), node: process.version, commit, load };
}

export function hostLine({ cpu, cores, kernel, node, commit, load }) {
  return `${cpu}, ${cores} cores, Linux ${kernel}, Node ${node}, commit ${commit}, load ${load.toFixed(1)}`;
}

/** Options of the benchmarks that make files. */
export function fileOptions(sizeGib) {
  const { values } = parseArgs({
    options: {
      'size-gib': { type: 'string', default: sizeGib },
      rounds: { type: 'string', default: '5' },
      dir: { type: 'string', default: os.tmpdir() },
      json: { type: 'string' },
    },
  });
  const { dir, json } = values;
  return { bytes: Number(values['size-gib']) * GiB, rounds: Number(values.rounds), dir, json };
}

/** A folder that is removed when the process ends, by Ctrl-C too. */
export function scratchFolder(below = os.tmpdir()) {
  const folder = mkdtempSync(path.join(below, 'drover-bench-'));
  process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(143));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const writeResults = (file, results) => {
  if (file !== undefined) writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
};

/** What is live is ended whatever happens; plain JavaScript on Node 20 has no `await using`. */
export async function holding(live, work) {
  try {
    return await work(live);
  } finally {
    await live[Symbol.asyncDispose]();
  }
}

export async function timedMs(work) {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

/** One sample of each side per round; who goes first alternates. */
export async function alternate(rounds, floorOnce, droverOnce) {
  const samples = [];
  for (let round = 0; round < rounds; round++) {
    const sample = {};
    const takeFloor = async () => (sample.floorMs = await floorOnce());
    const takeDrover = async () => (sample.droverMs = await droverOnce());
    for (const take of round % 2 === 0 ? [takeFloor, takeDrover] : [takeDrover, takeFloor])
      await take();
    samples.push(sample);
  }
  return samples;
}

/** Builds a program of the benchmark's own and gives its path. */
export function builtProgram(name) {
  execFileSync('cmake', ['--build', path.join(root, 'build'), '--target', name], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return path.join(root, 'build', 'Release', name);
}

/** clock ticks a second, the unit of /proc/PID/stat; 100 on every Linux that Node runs on */
const ticks = 100;

/** Processor time of a process and of its children that have ended, seconds; undefined once it is gone. */
export function processorTime(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [user, system, childUser, childSystem] = fields.slice(11, 15).map(Number);
    return { own: (user + system) / ticks, children: (childUser + childSystem) / ticks };
  } catch {
    return undefined;
  }
}
