#!/usr/bin/env node
/** The command line's entry: the one place that reads the environment and sets the exit code. */
import './process/v8-flags.js';
import { Command, CommanderError, Option } from 'commander';
import { Cancelled } from '../model/deadline.js';
import { HarnessError, toFailure } from '../model/errors.js';
import { optionText } from './options/help.js';
import type { AddCommand } from './options/help.js';
import { readEnvironment } from './process/environment.js';
import type { Environment } from './process/environment.js';
import { ensureAddon } from './process/build-addon.js';
import { exitCodeOfBlame, exitCodes } from './process/exit-codes.js';
import { watchEnding } from './process/exit-guard.js';
import { watchOutput } from './process/stdout-errors.js';
import { droverVersion } from './process/version.js';

/**
 * In the order of the help, by the job they do. Only what is asked for is loaded: see
 * `commandsFor`.
 */
const commands: Readonly<Record<string, Readonly<Record<string, () => Promise<AddCommand>>>>> = {
  'Run tests:': {
    run: async () => (await import('./run/run-command.js')).addRunCommand,
    matrix: async () => (await import('./matrix/matrix-command.js')).addMatrixCommand,
    chain: async () => (await import('./run/chain-command.js')).addChainCommand,
    rerun: async () => (await import('./run/rerun-command.js')).addRerunCommand,
    list: async () => (await import('./run/list-command.js')).addListCommand,
  },
  'Combine settings:': {
    generate: async () => (await import('./generate/generate-command.js')).addGenerateCommand,
  },
  'Disturb migrations:': {
    faults: async () => (await import('./faults/faults-command.js')).addFaultsCommand,
  },
  'Test the checks:': {
    prove: async () => (await import('./prove/prove-command.js')).addProveCommand,
  },
  'Stress a host:': {
    stress: async () => (await import('./stress/stress-command.js')).addStressCommand,
  },
  'Measure:': {
    bench: async () => (await import('./bench/bench-command.js')).addBenchCommand,
    advise: async () => (await import('./bench/advise-command.js')).addAdviseCommand,
    compare: async () => (await import('./bench/compare-command.js')).addCompareCommand,
    history: async () => (await import('./bench/history-command.js')).addHistoryCommand,
  },
  'Devices and machines:': {
    devices: async () => (await import('./devices/devices-command.js')).addDevicesCommand,
    machines: async () => (await import('./machines/machines-command.js')).addMachinesCommand,
  },
  'Memory images, dumps and migration files:': {
    scan: async () => (await import('./offline/scan/scan-command.js')).addScanCommand,
    inspect: async () => (await import('./offline/inspect/inspect-command.js')).addInspectCommand,
    diff: async () => (await import('./offline/diff/diff-command.js')).addDiffCommand,
    arrival: async () => (await import('./offline/arrival/arrival-command.js')).addArrivalCommand,
    export: async () => (await import('./offline/export/export-command.js')).addExportCommand,
  },
  'Two QEMUs, without a guest:': {
    vmstate: async () => (await import('./vmstate/vmstate-command.js')).addVmstateCommand,
  },
  'Results of earlier runs:': {
    why: async () => (await import('./results/why-command.js')).addWhyCommand,
    report: async () => (await import('./results/report-command.js')).addReportCommand,
    merge: async () => (await import('./results/merge-command.js')).addMergeCommand,
    board: async () => (await import('./board/board-command.js')).addBoardCommand,
    shards: async () => (await import('./results/shards-command.js')).addShardsCommand,
  },
  'Many hosts:': {
    fleet: async () => (await import('./fleet/fleet-command.js')).addFleetCommand,
    agent: async () => (await import('./fleet/agent-command.js')).addAgentCommand,
  },
  'This host:': {
    doctor: async () => (await import('./doctor/doctor-command.js')).addDoctorCommand,
    completion: async () =>
      (await import('./completion/completion-command.js')).addCompletionCommand,
  },
};

/** They read files that Drover wrote, and work where no addon fits. */
const withoutAddon: readonly string[] = [
  ...['compare', 'history', 'why', 'report', 'merge', 'shards', 'board', 'completion'],
];

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
    .description('Tests QEMU live migration and verifies guest memory.')
    .version(droverVersion(), '-V, --version', 'show the version')
    .addHelpOption(new Option('-h, --help', 'show this help'))
    .configureHelp({ optionDescription: optionText })
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => {
        write(`drover: ${plainUsage(text)}`);
      },
    })
    .showHelpAfterError("('drover COMMAND --help' shows the options of a command)");
  for (const { group, add } of await commandsFor(argv)) {
    program.commandsGroup(group);
    add(program, env, finish);
  }
  program.addHelpText(
    'after',
    '\nExit codes: 0 all passed or equal; 1 QEMU or the guest failed, diff, vmstate or devices found a difference, scan or inspect found damage, bench or compare found it slower;' +
      '\n2 wrong usage, or a file lacks what was asked for; 3 this host or Drover failed; 130 cancelled',
  );
  program.commandsGroup('Help:').helpCommand('help [command]', 'show the options of a command');
  for (const command of program.commands) command.copyInheritedSettings(program);
  program.hook('preAction', async (_, command) => {
    if (!withoutAddon.includes(command.name())) await ensureAddon();
  });
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

/** Commander's messages in the form of our own: the option, what is expected, what was given. */
function plainUsage(text: string): string {
  return text
    .replace(/^error: /, '')
    .replace(/^option '(.*)' argument '.*' is invalid\. expected/s, '$1: expected')
    .replace(
      /^option '(.*)' argument '(.*)' is invalid\. Allowed choices are (.*)\.$/m,
      "$1: expected one of $3, not '$2'.",
    )
    .replace(
      /^too many arguments for '(run|chain)'.*$/m,
      "drover $1 takes options only: name a test with -p, such as 'drover run -p precopy/unix/plain'.",
    )
    .replace(
      /^too many arguments for 'list'.*$/m,
      "drover list takes options only: to list some tests use 'drover run -l -r PATH'.",
    );
}

interface GroupedCommand {
  readonly group: string;
  readonly add: AddCommand;
}

/**
 * The command that is named, none for the version, else all (help, misspelt names, completion, which
 * is made of them): loading them all takes longer than many a command.
 */
async function commandsFor(argv: readonly string[]): Promise<GroupedCommand[]> {
  const [, , name = ''] = argv;
  if (name === '--version' || name === '-V') return [];
  const all = Object.entries(commands).flatMap(([group, members]) =>
    Object.entries(members).map(([command, load]) => ({ group, command, load })),
  );
  const named = all.filter(({ command }) => command === name);
  const wanted = named.length > 0 && name !== 'completion' ? named : all;
  return await Promise.all(wanted.map(async ({ group, load }) => ({ group, add: await load() })));
}

function report(error: unknown, env: Environment): number {
  const failure = toFailure(error);
  // A full disk is not an error of Drover either.
  const ours = error instanceof HarnessError || failure.code === 'host-exhausted';
  const lines = [
    `drover: ${ours ? '' : 'internal error: '}${failure.message}`,
    ...(ours ? (failure.details ?? []).map((line) => `  ${line}`) : []),
    ...(!ours && !env.debug ? ['  (DROVER_DEBUG=1 shows where)'] : []),
    ...(!ours && env.debug && error instanceof Error ? [error.stack ?? ''] : []),
  ];
  process.stderr.write(`${lines.join('\n')}\n`);
  return error instanceof HarnessError ? exitCodeOfBlame(error.blame) : exitCodes.broken;
}
