/**
 * `drover diff`: do two files, or stopped guests, hold the same memory and the same device state?
 */
import { diffDevices } from '../../../memory/device-diff.js';
import { diffPlan, nothing } from './diff-plan.js';
import type { ImageShape } from './diff-plan.js';
import { deviceText, ramTexts } from './diff-text.js';
import type { RamDiff } from './diff-text.js';
import type { Environment } from '../../process/environment.js';
import { exitCodes } from '../../process/exit-codes.js';
import { withExamples } from '../../options/help.js';
import type { AddCommand } from '../../options/help.js';
import { ignoredOptions } from '../source/ignored-options.js';
import { limitArgument, withSourceOptions } from '../source/offline-options.js';
import type { SourceOptions } from '../source/offline-options.js';
import { offlineSession, toJson } from '../offline-output.js';
import { lines, print } from '../../process/print.js';
import type { OfflineSession } from '../offline-output.js';
import { usage } from '../bad-source.js';
import { openSource } from '../source/offline-source.js';
import type { OfflineSource } from '../source/offline-source.js';
import { rangeArgument } from '../../options/size-arguments.js';
import type { Range } from '../../../model/text/sizes.js';
import { counted } from '../../../model/text/format.js';
import { assumedNodes, requirePlaced } from '../source/places.js';
import {
  isDevicesAlone,
  requireMemory,
  sourceFacts,
  sourceText,
  trouble,
} from '../source/source-facts.js';

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

export const addDiffCommand: AddCommand = (program, environment, finish) => {
  const command = program
    .command('diff')
    .description('compare the memory and device state of two files or stopped guests')
    .argument('<a>', 'a RAM image, dump or migration file, or pid:N')
    .argument('<b>', 'a second one')
    .optionsGroup('What to compare:')
    .option(
      '--channel-a <file>',
      'file of a multifd channel that belongs to A; repeatable',
      collect,
    )
    .option(
      '--channel-b <file>',
      'file of a multifd channel that belongs to B; repeatable',
      collect,
    )
    .option(
      '--range <start-end>',
      'compare only these guest addresses, END exclusive, such as 1M-100M; repeatable',
      (text: string, before?: readonly Range[]) => [...(before ?? []), rangeArgument(text)],
    )
    .option('--block <name>', 'compare only this RAM block; ranges are then offsets in it');
  withSourceOptions(command)
    .optionsGroup('How to compare and show it:')
    .option('--absent-as-zero', 'treat a page that one file does not have as a zero page')
    .option('--no-ram', 'do not compare RAM')
    .option('--no-devices', 'do not compare device state')
    .option(
      '--limit <count>',
      'how many runs of pages, sections and fields to list',
      limitArgument,
      20,
    )
    .option('--live', 'with pid:N, allow a running guest (results may show false differences)')
    .option('--json', 'write JSON instead of text')
    .action(async (a: string, b: string, options: DiffOptions) => {
      finish(
        await offlineSession(environment, (session) => diff(a, b, options, environment, session)),
      );
    });
  withExamples(command, {
    'drover diff before.mig after.mig': 'RAM and device state of two migration files',
    'drover diff vm.dump pid:4242 --no-devices': 'RAM of a dump and of a stopped QEMU',
  });
};

async function diff(
  a: string,
  b: string,
  options: DiffOptions,
  environment: Environment,
  session: OfflineSession,
): Promise<number> {
  const { signal, progress, paint } = session;
  if (!options.ram && !options.devices) {
    throw usage('--no-ram and --no-devices leave nothing to compare: give one of them');
  }
  if (a === '-' && b === '-')
    throw usage('-: standard input can be read once: name a file for A or B');
  const open = async (name: string, channels: readonly string[] = []): Promise<OfflineSource> =>
    await openSource([name, ...channels], options, environment, session);
  using first = await open(a, options.channelA);
  using second = await open(b, options.channelB);
  requireComparable(first, second, options);
  requirePlaced([first.image, second.image], options.place ?? []);
  for (const line of ignoredOptions(options, [first, second])) session.note(line);
  const plan = options.ram
    ? diffPlan(shapeOf(first), shapeOf(second), {
        ranges: options.range ?? [],
        block: options.block,
      })
    : nothing;
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

  const wrong = [trouble(first), trouble(second)] as const;
  const notCompared = [
    ...plan.notCompared,
    ...ram
      .filter(({ found }) => found.absentInBoth > 0)
      .map(
        ({ comparison, found }) =>
          `${comparison.what}: ${counted(found.absentInBoth, 'page')}, which neither A nor B holds`,
      ),
  ];
  if (!options.ram && devices === undefined) {
    const without = first.image.report === null ? first : second;
    notCompared.push(`device state: ${without.label} holds none`);
  } else if (!options.ram && devices?.compared === 0 && devices.differences.length === 0) {
    notCompared.push('device state: neither A nor B holds any');
  }
  const different =
    wrong.some((one) => one !== undefined) ||
    plan.missing.length > 0 ||
    ram.some(({ found }) => found.differentPages > 0) ||
    (devices !== undefined && devices.differences.length > 0);
  const equal = !different && notCompared.length === 0;
  const named = (options.place ?? []).map(({ block }) => block);
  const isByAddress = ram.some(({ comparison }) => comparison.addresses === 'guest');
  const notes = [
    ...plan.notes,
    ...(isByAddress ? [first, second].flatMap((one) => assumedNodes(shapeOf(one), named)) : []),
  ];
  const facts = [sourceFacts(first), sourceFacts(second)] as const;
  await print(
    options.json === true
      ? `${toJson({
          diff: 1,
          equal,
          a: facts[0],
          b: facts[1],
          missing: plan.missing,
          notCompared,
          notes,
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
          ...ramTexts(ram, options.limit, paint),
          ...(devices === undefined ? [] : deviceText(devices, options.limit, paint)),
          ...notCompared.map((text) => paint.warning(`not compared: ${text}`)),
          ...notes,
        ]),
  );
  if (different) return exitCodes.failed;
  return equal ? exitCodes.passed : exitCodes.incomplete;
}

/** Device state alone can be compared with the device state of a stream and with nothing else. */
function requireComparable(a: OfflineSource, b: OfflineSource, options: DiffOptions): void {
  const { devices, block, range = [] } = options;
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const) {
    if (!devices) requireMemory(one, 'leave out --no-devices to compare the device state');
    if (block !== undefined || range.length > 0) {
      requireMemory(one, 'leave out --range and --block to compare the device state');
    }
    if (other.image.report === null) {
      requireMemory(one, `${other.label} holds no device state: compare two streams`);
    }
  }
}

function shapeOf(source: OfflineSource): ImageShape {
  const { image, label } = source;
  return {
    label,
    format: image.format,
    machine: image.report?.machine ?? null,
    devicesAlone: isDevicesAlone(source),
    blocks: image.blocks,
  };
}
