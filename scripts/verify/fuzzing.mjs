// The fuzzers of native/fuzz: builds them, makes their seeds, runs them. Leaves out what a fuzzer promises: see
// native/fuzz/*.cc.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import os, { availableParallelism } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { ending, mustRun, runCommand, shown, tailOf } from '../setup/command.mjs';
import { fingerprint, readStamp, writeStamp } from '../setup/fingerprint.mjs';
import { ROOT } from '../setup/stages.mjs';
import { build, configure } from './native-tests.mjs';
import { check, finding, timed } from './tally.mjs';

const FOLDER = 'build/fuzz';
const at = (...parts) => path.join(ROOT, FOLDER, ...parts);
const programOf = (target) => at('native/fuzz', `fuzz-${target}`);

/** The slowest first, so that none of them is alone at the end. */
export const TARGETS = ['stream', 'multifd', 'mapped-ram', 'description', 'dumps', 'xbzrle'];

/** Readers in TypeScript, mutated by a program of the tests. Their short run is one of the unit tests. */
export const CONTAINER_TARGETS = ['qcow2', 'libvirt', 'compressed'];
const CONTAINER_FUZZER = 'dist/cli/offline/containers/fuzz-containers.fixtures.js';

/** The samples' folder: DROVER_SAMPLES, else the project's own. */
function samplesFolder() {
  const folder =
    process.env.DROVER_SAMPLES ?? path.join(ROOT, 'src', 'memory', 'fixtures', 'samples');
  return existsSync(path.join(folder, 'manifest.json')) ? folder : undefined;
}

/** Throws a SetupFailure with the compiler's words. */
export async function buildFuzzers() {
  const options = [
    ...['ADDON=OFF', 'TESTS=OFF', 'FUZZ=ON', 'UNITY=ON'].map((word) => `-DDROVER_${word}`),
    ...['-DCMAKE_C_COMPILER=clang', '-DCMAKE_CXX_COMPILER=clang++'],
    // -O1 builds in half the time that -O3 takes, and runs nearly as fast: sanitizers dominate.
    ...['-DCMAKE_C_FLAGS_RELEASE=-O1', '-DCMAKE_CXX_FLAGS_RELEASE=-O1'],
  ];
  const advice = `If the tree changed in odd ways, remove ${FOLDER} and run the command again.`;
  const run = (words, limits) => mustRun(words, { ...limits, advice });
  await configure({ folder: FOLDER, options }, run);
  await build({ folder: FOLDER }, run);
}

/** Makes the seeds unless they are there, and says how many come from real files. */
export async function makeSeeds() {
  const samples = samplesFolder();
  const packed = samples ? readdirSync(samples).filter((name) => name.endsWith('.xz')) : [];
  const sizes = packed.map((name) => `${name} ${statSync(path.join(samples, name)).size}`);
  const print = fingerprint(ROOT, [path.relative(ROOT, programOf('seeds'))], sizes);
  const stamp = at('seeds/.stamp');
  if (readStamp(stamp) === print) return { samples: packed.length };
  rmSync(at('seeds'), { recursive: true, force: true });
  mkdirSync(at('seeds'), { recursive: true });
  const unpacked = mkdtempSync(path.join(os.tmpdir(), 'drover-seeds-'));
  try {
    const script =
      'for file in "$@"; do xz -dc "$file" > "$0/$(basename "$file" .xz)" || exit; done';
    const files = packed.map((name) => path.join(samples, name));
    const advice = 'Are the samples whole, and is there room for them in the temporary folder?';
    await mustRun(['sh', '-c', script, unpacked, ...files], { timeoutMs: 120_000, advice });
    const names = readdirSync(unpacked).map((name) => path.join(unpacked, name));
    await mustRun([programOf('seeds'), at('seeds'), ...names], { timeoutMs: 120_000, advice });
  } finally {
    rmSync(unpacked, { recursive: true, force: true });
  }
  writeStamp(stamp, print);
  return { samples: packed.length };
}

const lastNumber = (text, pattern) => Number([...text.matchAll(pattern)].at(-1)?.[1] ?? 0);

/** What a fuzzer's own output says of its run. */
export function statisticsOf(output) {
  return {
    executions: lastNumber(output, /^stat::number_of_executed_units:\s*(\d+)/gm),
    perSecond: lastNumber(output, /^stat::average_exec_per_sec:\s*(\d+)/gm),
    corpus: lastNumber(output, /\bcorp: (\d+)\//g),
    coverage: lastNumber(output, /\bcov: (\d+)/g),
    artifact: /Test unit written to (\S+)/.exec(output)?.[1],
  };
}

/** A fuzzer that ends well must have run something: an exit code alone would let one pass that did nothing. */
export function outcomeOf(result, replay) {
  const facts = statisticsOf(result.output);
  if (result.ok && facts.executions > 0) return { ok: true, ...facts };
  const why = result.ok ? 'ended without a single execution' : ending(result);
  const how = facts.artifact ? `\nreplay: ${shown([...replay, facts.artifact])}` : '';
  // A sanitizer first says what it found, and then prints the bytes around it.
  const report = /^.*\bERROR: [^]*/m.exec(result.output)?.[0].split('\n').slice(0, 30).join('\n');
  return { ok: false, ...facts, detail: `${why}${how}\n${report ?? tailOf(result.output)}` };
}

/**
 * One fuzzer for `seconds`. New inputs go to `corpus`, and help the next run there. An input that breaks a promise
 * stays in build/fuzz/findings.
 */
export async function fuzz(target, { seconds, corpus = at('corpus', target), program } = {}) {
  const command = [program ?? programOf(target)];
  const findings = at('findings');
  mkdirSync(findings, { recursive: true });
  mkdirSync(corpus, { recursive: true });
  const limits = ['-timeout=25', '-rss_limit_mb=4096', '-max_len=131072'];
  const run = [
    ...command,
    ...[`-max_total_time=${seconds}`, '-print_final_stats=1', ...limits],
    ...[`-artifact_prefix=${path.join(findings, `${target}-`)}`, corpus, at('seeds', target)],
  ];
  const result = await runCommand(run, { cwd: ROOT, timeoutMs: (seconds + 120) * 1000 });
  return outcomeOf(result, command);
}

/** The same for a target of CONTAINER_TARGETS; each run draws other mutants. `coverage` counts those that were read. */
export async function fuzzContainer(target, { seconds, seed = Date.now() % 1_000_000 }) {
  const command = [process.execPath, path.join(ROOT, CONTAINER_FUZZER), target];
  const run = [...command, String(seconds), at('findings'), String(seed)];
  return outcomeOf(
    await runCommand(run, { cwd: ROOT, timeoutMs: (seconds + 120) * 1000 }),
    command,
  );
}

/** Runs `work` for each of `items`, at most `jobs` at once. */
export async function each(items, jobs, work) {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: jobs }, worker));
}

const BOUNDED_SECONDS = 5;

/** What `npm test` runs: each fuzzer for a few seconds, from the seeds alone. */
export async function boundedFuzzing() {
  const [failure, builtInMs] = await timed(async () => {
    try {
      await buildFuzzers();
      await makeSeeds();
      return undefined;
    } catch (error) {
      return error.describe?.() ?? error.stack;
    }
  });
  const findings = [check('fuzzers and their seeds', builtInMs, failure === undefined, failure)];
  if (failure !== undefined) return findings;
  const corpora = mkdtempSync(path.join(os.tmpdir(), 'drover-fuzz-'));
  try {
    await each(TARGETS, availableParallelism(), async (target) => {
      const corpus = path.join(corpora, target);
      const [found, tookMs] = await timed(() => fuzz(target, { seconds: BOUNDED_SECONDS, corpus }));
      const title = `fuzz ${target} (${found.executions} executions)`;
      const counts = found.ok ? { passed: 1 } : { failed: 1, detail: found.detail };
      findings.push(finding(title, tookMs, counts));
    });
  } finally {
    rmSync(corpora, { recursive: true, force: true });
  }
  return findings;
}
