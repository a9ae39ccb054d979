#!/usr/bin/env node
/** The command line's entry: the one place that reads the environment and sets the exit code. */
import { Command, CommanderError } from 'commander';
import { Cancelled } from '../model/deadline.js';
import { HarnessError, toFailure } from '../model/errors.js';
import { readEnvironment } from './environment.js';
import type { Environment } from './environment.js';
import { exitCodeOfBlame, exitCodes } from './exit-codes.js';
import { addChainCommand } from './chain-command.js';
import { addDiffCommand } from './diff-command.js';
import { addDoctorCommand } from './doctor-command.js';
import { watchEnding } from './ending.js';
import { addInspectCommand } from './inspect-command.js';
import { addListCommand } from './list-command.js';
import { addMatrixCommand } from './matrix-command.js';
import { addMergeCommand } from './merge-command.js';
import { watchOutput } from './output.js';
import { addReportCommand } from './report-command.js';
import { addRerunCommand } from './rerun-command.js';
import { addRunCommand } from './run-command.js';
import { addScanCommand } from './scan-command.js';
import { addShardsCommand } from './shards-command.js';
import { addStressCommand } from './stress-command.js';
import { addWhyCommand } from './why-command.js';
import { droverVersion } from './version.js';

const ending = watchEnding();
const output = watchOutput();
const code = await main(process.argv, readEnvironment(process.env));
ending.done(await output.exitCode(code));

async function main(argv: readonly string[], env: Environment): Promise<number> {
  let exitCode: number = exitCodes.passed;
  const finish = (code: number): void => {
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
  addRunCommand(program, env, finish);
  addMatrixCommand(program, env, finish);
  addMergeCommand(program, env, finish);
  addShardsCommand(program, finish);
  addReportCommand(program, env, finish);
  addWhyCommand(program, env, finish);
  addRerunCommand(program, env, finish);
  addChainCommand(program, env, finish);
  addStressCommand(program, env, finish);
  addListCommand(program, finish);
  addDoctorCommand(program, env, finish);
  addScanCommand(program, env, finish);
  addInspectCommand(program, env, finish);
  addDiffCommand(program, env, finish);
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
