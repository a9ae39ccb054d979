/** `drover rerun DIR`: runs a test again as it was, by the record in the directory that was kept of it. */
import type { Command } from 'commander';
import { HarnessError } from '../../model/errors.js';
import type { DroverEvent } from '../../model/events.js';
import type { TestRecord } from '../../model/test-record.js';
import { readTestRecord } from '../../report/log/kept-test.js';
import type { Environment } from '../process/environment.js';
import { countUpTo } from '../options/options.js';
import { runCommand } from './run-command.js';

interface RerunOptions {
  readonly repeat: number;
  readonly out?: string;
}

export function addRerunCommand(
  program: Command,
  environment: Environment,
  finish: (exitCode: number) => void,
): void {
  program
    .command('rerun')
    .description('run a test again as it was, from the directory that was kept of it')
    .argument('<dir>', "the test's directory")
    .option('--repeat <count>', 'so many times', countUpTo(1e9), 1)
    .option('--out <dir>', 'put the event log and the evidence there')
    .action(async (directory: string, options: RerunOptions) => {
      finish(await rerunCommand(readTestRecord(directory), options, environment));
    });
}

async function rerunCommand(
  record: TestRecord,
  { repeat, out }: RerunOptions,
  environment: Environment,
): Promise<number> {
  if (record.route !== undefined) {
    throw new HarnessError({
      code: 'rerun-chain',
      blame: 'usage',
      message: `a leg of a chain is run again with its whole route: ${record.rerun}`,
    });
  }
  const { source, destination, machine, accel, testFile, timeoutMs, trace, qtestLog } = record;
  const { trace: _other, ...rest } = environment;
  // What the environment says now is not what it said then.
  const asItWas = { ...rest, ...(trace === undefined ? {} : { trace }), qtestLog, shard: {} };
  return await runCommand(
    {
      ...{ qemuSrc: source.command, qemuDst: destination.command, machine, accel, cache: true },
      ...{ p: [record.test], runPrefix: [], s: [], skipPrefix: [] },
      tests: testFile === undefined ? [] : [testFile],
      ...{ timeout: timeoutMs / 1000, repeat, retries: 0, keep: true },
      ...(out === undefined ? {} : { out }),
    },
    asItWas,
    (event) => {
      for (const line of differences(event, record)) process.stderr.write(`drover: ${line}\n`);
    },
  );
}

/** A QEMU at the same place may be another one by now. */
function differences(event: DroverEvent, record: TestRecord): string[] {
  if (event.type !== 'run-started') return [];
  return (['source', 'destination'] as const).flatMap((side) => {
    const [now, then] = [event[side], record[side]];
    if (now.version !== then.version || now.package !== then.package) {
      return [
        `the ${side} is QEMU ${now.version} ${now.package} now, and was ${then.version} ${then.package}`,
      ];
    }
    return now.digest === then.digest
      ? []
      : [`the ${side} is another build of QEMU ${now.version} now`];
  });
}
