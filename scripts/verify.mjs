// `npm test [-- OPTIONS]`: set-up, then every check and test, going on after a failure; the last line sums up.
// Leaves out what the parts are: see verify/parts.mjs.
import { availableParallelism } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { SetupFailure } from './setup/command.mjs';
import { ROOT, systemStage } from './setup/stages.mjs';
import { setUp } from './setup.mjs';
import { each } from './verify/fuzzing.mjs';
import { runNodeTests } from './verify/node-tests.mjs';
import { PARTS, testFiles } from './verify/parts.mjs';
import { check, closing, finding, progressLine, total } from './verify/tally.mjs';

const USAGE = `usage: npm test [-- --only PART,PART] [-- --files TEXT] [-- --name REGEX]
  --only   some of: ${PARTS.map((part) => part.id).join(', ')}
  --files  only test files whose path contains TEXT (implies --only unit,qemu)
  --name   only tests whose name matches REGEX (implies --only unit,qemu)`;

function readOptions(args) {
  const text = { type: 'string' };
  const { values } = parseArgs({ args, options: { only: text, files: text, name: text } });
  const usual = PARTS.filter((part) => !part.onlyWhenNamed).map((part) => part.id);
  const onlyTests = values.files !== undefined || values.name !== undefined;
  const chosen = values.only?.split(',') ?? (onlyTests ? ['unit', 'qemu'] : usual);
  const unknown = chosen.find((id) => !PARTS.some((part) => part.id === id));
  if (unknown !== undefined) throw new Error(`no such part: ${unknown}`);
  return { ...values, parts: PARTS.filter((part) => chosen.includes(part.id)) };
}

const print = (text) => process.stdout.write(`${text}\n`);

function report(findings, found) {
  findings.push(found);
  print(progressLine(found));
}

/** Set-up of all that the parts need. Returns the ids of the stages that failed; some are fatal. */
async function prepare(parts, findings) {
  const uses = [...new Set(parts.flatMap((part) => part.uses))];
  const wanted = [systemStage(uses), ...new Set(parts.flatMap((part) => part.stages))];
  const failed = new Set();
  let compiledInMs = 0;
  await setUp(wanted, {
    onMade(stage, tookMs) {
      if (stage.id === 'typescript') compiledInMs = tookMs;
    },
    onFailure(stage, error) {
      if (!(error instanceof SetupFailure) || ['system', 'npm'].includes(stage.id)) return false;
      failed.add(stage.id);
      report(findings, check(`set-up: ${stage.id}`, 0, false, error.describe()));
      return true;
    },
  });
  if (wanted.some((stage) => stage.id === 'typescript') && !failed.has('typescript')) {
    report(findings, check('types (tsc)', compiledInMs, true));
  }
  return failed;
}

/** All as one run of node:test, whose reporter prints one sum then. */
async function runTests(parts, { files, name }, findings) {
  const chosen = parts.flatMap((part) => {
    const own = testFiles(part.id).filter((file) => file.includes(files ?? ''));
    // A part without a single file is a mistake of the tree, unless the user narrowed the choice.
    if (own.length === 0 && files === undefined) {
      report(findings, check(part.id, 0, false, 'no test files were found'));
    }
    return own;
  });
  if (chosen.length === 0) return;
  const title = `tests (${parts.map((part) => part.id).join(', ')})`;
  // one more than there are processors: many tests wait for deadlines and pauses
  const limits = { concurrency: availableParallelism() + 1, timeoutMs: 900_000 };
  const { tookMs, ...counts } = await runNodeTests(
    { files: chosen.map((file) => path.join(ROOT, file)), ...limits },
    { namePattern: name },
  );
  const { passed, failed, skipped } = counts;
  // Files without a test in them, or a runner that ran none, must not look green.
  const silent = passed + failed + skipped === 0 && name === undefined;
  findings.push(
    silent ? check(`${title}: no test ran`, tookMs, false) : finding(title, tookMs, counts),
  );
}

async function main() {
  const startMs = performance.now();
  const options = readOptions(process.argv.slice(2));
  const findings = [];
  const failed = await prepare(options.parts, findings);
  const ready = [];
  for (const part of options.parts) {
    const lacking = part.stages.filter((stage) => failed.has(stage.id)).map((stage) => stage.id);
    if (lacking.length === 0) ready.push(part);
    else if (part.id !== 'types') {
      report(
        findings,
        check(`${part.id}: not run`, 0, false, `set-up failed: ${lacking.join(', ')}`),
      );
    }
  }
  // Two at once: most of them keep one processor busy for some of the time.
  await each(
    ready.filter((part) => part.run),
    2,
    async (part) => {
      for (const found of await part.run()) report(findings, found);
    },
  );
  const testParts = ready.filter((part) => part.nodeTests);
  if (testParts.length > 0) await runTests(testParts, options, findings);
  print(closing(findings, performance.now() - startMs));
  process.exitCode = total(findings).failed > 0 ? 1 : 0;
}

try {
  await main();
} catch (error) {
  if (error instanceof SetupFailure) {
    process.stderr.write(`${error.describe()}\n`);
    process.exitCode = 3;
  } else if (error.code?.startsWith('ERR_PARSE_ARGS') || error.message.startsWith('no such part')) {
    process.stderr.write(`${error.message}\n${USAGE}\n`);
    process.exitCode = 2;
  } else {
    throw error;
  }
}
