/** `drover rerun DIR`: repeats a test as test.json in its kept directory describes it. */
import { usageError } from '../../model/errors.js';
import type { DroverEvent } from '../../model/events.js';
import type { TestRecord } from '../../model/test-record.js';
import { readTestRecord } from '../../report/log/kept-test.js';
import { noteOnStderr } from '../process/print.js';
import type { Environment } from '../process/environment.js';
import { withExamples } from '../options/help.js';
import type { AddCommand } from '../options/help.js';
import { countUpTo } from '../options/options.js';
import { runCommand } from './run-command.js';

interface RerunOptions {
  readonly repeat: number;
  readonly out?: string;
}

export const addRerunCommand: AddCommand = (program, environment, finish) => {
  const command = program
    .command('rerun')
    .description('repeat a test with the same QEMUs and options, from its kept directory')
    .argument(
      '<dir>',
      "the test's kept directory: the run names it, or it is in the folder of --out",
    )
    .option('--repeat <count>', 'run the test this many times', countUpTo(1e9), 1)
    .option('--out <dir>', 'write the event log and the evidence to this folder')
    .action(async (directory: string, options: RerunOptions) => {
      finish(await rerunCommand(readTestRecord(directory, noteOnStderr), options, environment));
    });
  withExamples(command, {
    'drover rerun results/migration-precopy-tcp-plain-1 --repeat 20': 'does it fail every time?',
  });
};

async function rerunCommand(
  record: TestRecord,
  { repeat, out }: RerunOptions,
  environment: Environment,
): Promise<number> {
  if (record.route !== undefined) {
    throw usageError(
      'rerun-chain',
      `one leg of a chain cannot be repeated alone; repeat the chain: ${record.rerun}`,
    );
  }
  const { source, destination, machine, accel, arrival, testFile, timeoutMs, trace, qtestLog } =
    record;
  // the trace and qtest log settings of the recorded run, not those of today's environment
  const asItWas = { ...environment, trace, qtestLog, shard: {} };
  return await runCommand(
    {
      qemuSrc: source.command,
      qemuDst: destination.command,
      machine,
      accel,
      arrival,
      cache: true,
      p: [record.test],
      runPrefix: [],
      s: [],
      skipPrefix: [],
      tests: testFile === undefined ? [] : [testFile],
      timeout: timeoutMs,
      repeat,
      retries: 0,
      keep: true,
      out,
    },
    asItWas,
    (event) => {
      for (const line of differences(event, record)) process.stderr.write(`drover: ${line}\n`);
    },
  );
}

/** The QEMU at the recorded path may have been replaced since. */
function differences(event: DroverEvent, record: TestRecord): string[] {
  if (event.type !== 'run-started') return [];
  return (['source', 'destination'] as const).flatMap((side) => {
    const [now, then] = [event[side], record[side]];
    if (now.version !== then.version || now.package !== then.package) {
      return [
        `the ${side} was QEMU ${then.version} ${then.package}, and is now ${now.version} ${now.package}`,
      ];
    }
    return now.digest === then.digest
      ? []
      : [`the ${side} is now another build of QEMU ${now.version}`];
  });
}
