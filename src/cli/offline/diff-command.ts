/** `drover diff`: do two files, or stopped guests, hold the same memory and the same device state? */
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { diffDevices } from './diff-devices.js';
import { diffPlan } from './diff-plan.js';
import type { ImageShape } from './diff-plan.js';
import { deviceText, ramText } from './diff-text.js';
import type { RamDiff } from './diff-text.js';
import type { Environment } from '../process/environment.js';
import { exitCodes } from '../process/exit-codes.js';
import { openOptions, withSourceOptions } from './offline-options.js';
import type { SourceOptions } from './offline-options.js';
import { offlineSession, toJson } from './offline-output.js';
import { lines, print } from '../process/print.js';
import type { OfflineSession } from './offline-output.js';
import { openSource, usage } from './offline-source.js';
import type { OfflineSource } from './offline-source.js';
import { rangeArgument } from '../options/size-arguments.js';
import type { Range } from '../../model/text/sizes.js';
import { sourceFacts, sourceText, trouble } from './source-facts.js';

interface DiffOptions extends SourceOptions {
  readonly range?: readonly Range[];
  readonly block?: string;
  readonly channelA?: readonly string[];
  readonly channelB?: readonly string[];
  readonly absentAsZero?: boolean;
  readonly ram: boolean;
  readonly devices: boolean;
  readonly limit: number;
  readonly json?: boolean;
  readonly live?: boolean;
}

const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];

export function addDiffCommand(
  program: Command,
  environment: Environment,
  finish: (exitCode: number) => void,
): void {
  const command = program
    .command('diff')
    .description('compare the memory and device state of two files or stopped guests')
    .argument('<a>', 'a RAM image, dump or migration file, or pid:N')
    .argument('<b>', 'another')
    .option('--channel-a <file>', 'a multifd channel that belongs to A (repeatable)', collect)
    .option('--channel-b <file>', 'a multifd channel that belongs to B (repeatable)', collect)
    .option(
      '--range <start-end>',
      'compare these guest addresses only (repeatable)',
      (text: string, before?: readonly Range[]) => [...(before ?? []), rangeArgument(text)],
    )
    .option('--block <name>', 'compare this RAM block only; ranges are then offsets in it');
  withSourceOptions(command)
    .option('--absent-as-zero', 'a page that is not in one file equals a zero page in the other')
    .option('--no-ram', 'compare device state only')
    .option('--no-devices', 'compare RAM only')
    .option('--limit <count>', 'runs, sections and fields to list', limitArgument, 20)
    .option('--live', 'pid:N: do not insist on a stopped guest')
    .option('--json', 'as JSON')
    .action(async (a: string, b: string, options: DiffOptions) => {
      finish(
        await offlineSession(environment, (session) => diff(a, b, options, environment, session)),
      );
    });
}

function limitArgument(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError(`expected a count, not '${text}'.`);
  return Number(text);
}

async function diff(
  a: string,
  b: string,
  options: DiffOptions,
  environment: Environment,
  session: OfflineSession,
): Promise<number> {
  const { signal, progress, paint } = session;
  if (!options.ram && !options.devices) {
    throw usage('--no-ram and --no-devices together leave nothing to compare');
  }
  const open = async (name: string, channels: readonly string[] = []): Promise<OfflineSource> =>
    await openSource(
      {
        words: [name, ...channels],
        options: openOptions(options, environment.temporaryDirectory),
        allowRunning: options.live === true,
      },
      { signal, onProgress: progress.step(`reading ${name}`) },
    );
  using first = await open(a, options.channelA);
  using second = await open(b, options.channelB);
  const plan = options.ram
    ? diffPlan(shapeOf(first), shapeOf(second), {
        ranges: options.range ?? [],
        block: options.block,
      })
    : { comparisons: [], missing: [], notes: [] };
  const ram: RamDiff[] = [];
  for (const comparison of plan.comparisons) {
    const request = { ...comparison.request, absentIsZero: options.absentAsZero };
    const onProgress = progress.step(`comparing ${comparison.what}`);
    ram.push({
      comparison,
      found: await first.image.diff(second.image, request, { signal, onProgress }),
    });
  }
  const devices = options.devices
    ? await diffDevices(first.image, second.image, Math.max(options.limit, 100))
    : undefined;
  await first.requireUnchanged(signal);
  await second.requireUnchanged(signal);
  progress.clear();

  const wrong = [trouble(first.image), trouble(second.image)] as const;
  const equal =
    wrong.every((one) => one === undefined) &&
    plan.missing.length === 0 &&
    ram.every(({ found }) => found.differentPages === 0) &&
    (devices === undefined || devices.differences.length === 0);
  const facts = [sourceFacts(first), sourceFacts(second)] as const;
  await print(
    options.json === true
      ? `${toJson({
          diff: 1,
          equal,
          a: facts[0],
          b: facts[1],
          missing: plan.missing,
          notes: plan.notes,
          ram: ram.map(({ comparison: { what, addresses }, found }) => ({
            what,
            addresses,
            ...found,
          })),
          devices: devices ?? null,
        })}\n`
      : lines([
          ...sourceText(facts[0], wrong[0], paint).map((line) => `A: ${line}`),
          ...sourceText(facts[1], wrong[1], paint).map((line) => `B: ${line}`),
          ...plan.missing.map((text) => paint.damaged(text)),
          ...ram.flatMap((one) => ramText(one, options.limit, paint)),
          ...(devices === undefined ? [] : deviceText(devices, options.limit, paint)),
          ...plan.notes,
        ]),
  );
  return equal ? exitCodes.passed : exitCodes.failed;
}

function shapeOf({ image, label }: OfflineSource): ImageShape {
  return {
    label,
    format: image.format,
    machine: image.report?.machine ?? null,
    blocks: image.blocks,
  };
}
