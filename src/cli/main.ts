#!/usr/bin/env node
/** The command line's entry: the one place that reads the environment and sets the exit code. */
import './process/v8-flags.js';
import { Command, CommanderError } from 'commander';
import { Cancelled } from '../model/deadline.js';
import { HarnessError, toFailure } from '../model/errors.js';
import { readEnvironment } from './process/environment.js';
import type { Environment } from './process/environment.js';
import { exitCodeOfBlame, exitCodes } from './process/exit-codes.js';
import { watchEnding } from './process/exit-guard.js';
import { watchOutput } from './process/stdout-errors.js';
import { droverVersion } from './process/version.js';

type Finish = (exitCode: number) => void;
type AddCommand = (program: Command, env: Environment, finish: Finish) => void;

/** In the order of the help. Loading all of them takes longer than many a command: see `commandsFor`. */
const commands: Readonly<Record<string, () => Promise<AddCommand>>> = {
  run: async () => (await import('./run/run-command.js')).addRunCommand,
  matrix: async () => (await import('./matrix/matrix-command.js')).addMatrixCommand,
  merge: async () => (await import('./results/merge-command.js')).addMergeCommand,
  shards: async () => (await import('./results/shards-command.js')).addShardsCommand,
  report: async () => (await import('./results/report-command.js')).addReportCommand,
  why: async () => (await import('./results/why-command.js')).addWhyCommand,
  rerun: async () => (await import('./run/rerun-command.js')).addRerunCommand,
  chain: async () => (await import('./run/chain-command.js')).addChainCommand,
  stress: async () => (await import('./stress/stress-command.js')).addStressCommand,
  list: async () => (await import('./run/list-command.js')).addListCommand,
  doctor: async () => (await import('./doctor/doctor-command.js')).addDoctorCommand,
  scan: async () => (await import('./offline/scan-command.js')).addScanCommand,
  inspect: async () => (await import('./offline/inspect-command.js')).addInspectCommand,
  diff: async () => (await import('./offline/diff-command.js')).addDiffCommand,
};

const ending = watchEnding();
const output = watchOutput();
const code = await main(process.argv, readEnvironment(process.env));
ending.done(await output.exitCode(code));

async function main(argv: readonly string[], env: Environment): Promise<number> {
  let exitCode: number = exitCodes.passed;
  const finish: Finish = (code) => {
    exitCode = code;
  };
  const program = new Command('drover')
    .description('proves that QEMU live migration moves a machine without losing a byte')
    .version(droverVersion())
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => {
        write(`drover: ${text.replace(/^error: /, '')}`);
      },
    })
    .showHelpAfterError("('drover --help' and 'drover COMMAND --help' show all options)");
  for (const add of await commandsFor(argv)) add(program, env, finish);
  for (const command of program.commands) command.copyInheritedSettings(program);
  try {
    await program.parseAsync(argv);
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? exitCodes.passed : exitCodes.usage;
    }
    if (error instanceof Cancelled) return exitCodes.cancelled;
    return report(error, env);
  }
}

/** The one that is asked for by name; all of them for whatever else, such as help or a misspelt name; none to tell the version. */
async function commandsFor(argv: readonly string[]): Promise<AddCommand[]> {
  const [, , name = ''] = argv;
  if (name === '--version' || name === '-V') return [];
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  const loads = load === undefined ? Object.values(commands) : [load];
  return await Promise.all(loads.map(async (one) => await one()));
}

function report(error: unknown, env: Environment): number {
  const failure = toFailure(error);
  const ours = error instanceof HarnessError;
  const lines = [
    `drover: ${ours ? '' : 'internal error: '}${failure.message}`,
    ...(ours ? (failure.details ?? []).map((line) => `  ${line}`) : []),
    ...(!ours && !env.debug ? ['  (DROVER_DEBUG=1 shows where)'] : []),
    ...(!ours && env.debug && error instanceof Error ? [error.stack ?? ''] : []),
  ];
  process.stderr.write(`${lines.join('\n')}\n`);
  return ours ? exitCodeOfBlame(error.blame) : exitCodes.broken;
}
