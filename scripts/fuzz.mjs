// `npm run fuzz [-- OPTIONS]`: feeds the parsers mutated files for as long as wanted, and keeps what breaks them.
// Leaves out how a fuzzer is built and run: see verify/fuzzing.mjs.
import process from 'node:process';
import { parseArgs } from 'node:util';
import { endingCleanly, setUp } from './setup.mjs';
import { buildStages, systemStage } from './setup/stages.mjs';
import {
  CONTAINER_TARGETS,
  TARGETS,
  buildFuzzers,
  each,
  fuzz,
  fuzzContainer,
  makeSeeds,
} from './verify/fuzzing.mjs';

const ALL = [...TARGETS, ...CONTAINER_TARGETS];

const USAGE = `usage: npm run fuzz [-- --seconds N] [-- --target NAME]... [-- --jobs N]
  --seconds  for each target; default: 600
  --target   some of: ${ALL.join(', ')}; default: all
  --jobs     how many at once; default: 1`;

class WrongUsage extends Error {}

function positive(name, text) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new WrongUsage(`--${name} takes a whole number from 1 on, not '${text}'`);
  }
  return value;
}

function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      seconds: { type: 'string', default: '600' },
      target: { type: 'string', multiple: true, default: ALL },
      jobs: { type: 'string', default: '1' },
    },
  });
  const unknown = values.target.find((name) => !ALL.includes(name));
  if (unknown !== undefined)
    throw new WrongUsage(
      `--target: there is no target '${unknown}'; use some of ${ALL.join(', ')}`,
    );
  return {
    targets: values.target,
    seconds: positive('seconds', values.seconds),
    jobs: positive('jobs', values.jobs),
  };
}

const print = (text) => process.stdout.write(`${text}\n`);

function line(target, { ok, executions, perSecond, corpus, coverage }) {
  const facts = `${executions} executions, ${perSecond}/s, corpus ${corpus}, coverage ${coverage}`;
  return `${ok ? 'ok  ' : 'FAIL'} ${target.padEnd(12)} ${facts}, ${ok ? 0 : 1} findings`;
}

async function main({ targets, seconds, jobs }) {
  const native = targets.filter((target) => TARGETS.includes(target));
  const stages = native.length < targets.length ? buildStages : [];
  await setUp([systemStage(['build', 'test', 'fuzz']), ...stages]);
  if (native.length > 0) {
    await buildFuzzers();
    const { samples } = await makeSeeds();
    print(`seeds: made ones, and ${samples} samples; ${seconds} s a target, ${jobs} at once`);
  }
  let findings = 0;
  await each(targets, jobs, async (target) => {
    const found = await (native.includes(target) ? fuzz : fuzzContainer)(target, { seconds });
    print(line(target, found));
    if (!found.ok) print(found.detail.replace(/^/gm, '     '));
    findings += found.ok ? 0 : 1;
  });
  print(`${findings} findings in ${targets.length} targets`);
  if (findings > 0) process.exitCode = 1;
}

try {
  const options = readOptions(process.argv.slice(2));
  await endingCleanly(() => main(options));
} catch (error) {
  if (!(error instanceof WrongUsage) && !error.code?.startsWith('ERR_PARSE_ARGS')) throw error;
  process.stderr.write(`${error.message}\n${USAGE}\n`);
  process.exitCode = 2;
}
