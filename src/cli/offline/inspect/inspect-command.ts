/** `drover inspect`: what is in a migration file or dump, without starting a machine. */
import { Option } from 'commander';
import type { MemoryImage } from '../../../memory/image.js';
import type { NativeBlockStatistics } from '../../../native/image-addon.js';
import { deviceStates, readDescription } from '../../../memory/device-states.js';
import type { DeviceState } from '../../../memory/device-states.js';
import type { Environment } from '../../process/environment.js';
import { exitCodes } from '../../process/exit-codes.js';
import { extract } from './extract.js';
import type { ExtractedFile } from './extract.js';
import { blocksText, streamText } from './inspect-text.js';
import { withExamples } from '../../options/help.js';
import type { AddCommand } from '../../options/help.js';
import { ignoredOptions } from '../source/ignored-options.js';
import { withSourceOptions } from '../source/offline-options.js';
import type { SourceOptions } from '../source/offline-options.js';
import { offlineSession, showName, toJson } from '../offline-output.js';
import { lines, print } from '../../process/print.js';
import type { OfflinePaint, OfflineSession } from '../offline-output.js';
import { usage } from '../bad-source.js';
import { openSource } from '../source/offline-source.js';
import { requirePlaced } from '../source/places.js';
import { formatBytes } from '../../../model/text/sizes.js';
import { counted } from '../../../model/text/format.js';
import { sourceFacts, sourceText, trouble } from '../source/source-facts.js';
import type { SourceFacts } from '../source/source-facts.js';

interface InspectOptions extends SourceOptions {
  readonly json?: boolean;
  readonly dump?: 'state' | 'desc' | 'all' | 'xml';
  readonly extract?: string;
}

export const addInspectCommand: AddCommand = (program, environment, finish) => {
  const command = program
    .command('inspect')
    .description(
      'show what a migration file or dump holds: RAM, sections, statistics, device state',
    )
    .argument(
      '<migfile...>',
      'a migration file or dump, - for standard input, or IMAGE.qcow2#SNAPSHOT; several files of one multifd stream',
    )
    .optionsGroup('What to show:')
    .option('--json', 'write JSON instead of text')
    .addOption(
      new Option(
        '--dump <what>',
        "write JSON: device state, its description (desc), or everything; xml: the domain XML of libvirt's save image",
      ).choices(['state', 'desc', 'all', 'xml']),
    )
    .option('--extract <folder>', 'write RAM blocks and device state to files in this folder');
  withSourceOptions(command).action(async (words: readonly string[], options: InspectOptions) => {
    finish(
      await offlineSession(environment, (session) => inspect(words, options, environment, session)),
    );
  });
  withExamples(command, {
    'drover inspect vm.mig': 'RAM blocks, sections and statistics',
    'drover inspect vm.mig --dump state': 'the device state as JSON',
  });
};

async function inspect(
  words: readonly string[],
  options: InspectOptions,
  environment: Environment,
  session: OfflineSession,
): Promise<number> {
  const { signal, progress, paint } = session;
  using source = await openSource(words, options, environment, session);
  const { image } = source;
  requirePlaced([image], options.place ?? []);
  for (const line of ignoredOptions(options, [source])) session.note(line);
  const facts = sourceFacts(source);
  const wrong = trouble(source);
  let exitCode: number = wrong === undefined ? exitCodes.passed : exitCodes.failed;
  const save = source.containers.find((container) => container.kind === 'libvirt save image');
  if (options.dump === 'xml' && save === undefined) {
    throw usage(`${source.label}: --dump xml is for save images of libvirt`);
  }
  if (options.extract !== undefined) {
    const { files, leftOut } = await extract(image, options.extract, session);
    await source.requireUnchanged(signal);
    const isWhole = leftOut.length === 0 && files.every(({ absentBytes }) => absentBytes === 0);
    if (wrong === undefined && !isWhole) exitCode = exitCodes.incomplete;
    const without = leftOut.map(
      (name) =>
        `left out: block ${showName(name)}, its content is not in the file (x-ignore-shared)`,
    );
    if (options.dump === undefined) {
      await print(
        options.json === true
          ? `${toJson({ inspect: 1, source: facts, files, leftOut })}\n`
          : lines([
              ...files.map((file) => fileText(file, paint)),
              ...without.map((text) => paint.warning(text)),
            ]),
      );
      return exitCode;
    }
    for (const { file, absentBytes } of files) {
      if (absentBytes > 0) session.note(`${file}: ${absentText(absentBytes)}`);
    }
    for (const text of without) session.note(text);
  }
  if (options.dump === 'xml') {
    await print(`${save?.xml ?? ''}\n`);
    return exitCode;
  }
  if (options.dump !== undefined) {
    const statistics = options.dump === 'all' ? await allStatistics(image, session) : [];
    await source.requireUnchanged(signal);
    await dump(image, options.dump, { facts, statistics, signal });
    return exitCode;
  }
  const statistics = await allStatistics(image, session);
  await source.requireUnchanged(signal);
  progress.clear();
  if (options.json === true) {
    await print(`${toJson({ inspect: 1, ...overview(image, facts, statistics) })}\n`);
    return exitCode;
  }
  const { report } = image;
  await print(
    lines([
      ...sourceText(facts, wrong, paint),
      ...blocksText(image.blocks, statistics),
      ...(report === null ? [] : [...streamText(report), await devicesText(image, signal)]),
    ]),
  );
  return exitCode;
}

const absentText = (bytes: number): string =>
  `${counted(bytes, 'byte')} of it not in the source: holes`;

function fileText({ file, what, bytes, absentBytes }: ExtractedFile, paint: OfflinePaint): string {
  const absent = absentBytes === 0 ? '' : `; ${paint.warning(absentText(absentBytes))}`;
  return `${file}: ${what}, ${formatBytes(bytes)}${absent}`;
}

async function allStatistics(
  image: MemoryImage,
  { signal }: OfflineSession,
): Promise<NativeBlockStatistics[]> {
  const found: NativeBlockStatistics[] = [];
  for (const index of image.blocks.keys()) {
    found.push(await image.statistics(index, false, { signal }));
  }
  return found;
}

function overview(
  image: MemoryImage,
  source: SourceFacts,
  statistics: readonly NativeBlockStatistics[],
): Record<string, unknown> {
  return {
    source,
    indexBytes: image.indexBytes,
    blocks: image.blocks.map((block, index) => ({ ...block, ...statistics[index] })),
    stream: image.report,
  };
}

/** Whether device state and description agree, in a line: what is in them is for --dump. */
async function devicesText(image: MemoryImage, signal: AbortSignal): Promise<string> {
  const description = await readDescription(image);
  if ('problem' in description) return `device state: ${description.problem}`;
  let whole = 0;
  const others: string[] = [];
  for await (const device of deviceStates(image, description)) {
    signal.throwIfAborted();
    if (device.whole) whole += 1;
    else others.push(`${showName(device.section.name)} (${device.remarks[0] ?? ''})`);
  }
  const rest = others.length === 0 ? '' : `; not so: ${others.join(', ')}`;
  return `device state: ${counted(whole, 'section')} decode to the last byte${rest} (see --dump state)`;
}

interface DumpInput {
  readonly facts: SourceFacts;
  readonly statistics: readonly NativeBlockStatistics[];
  readonly signal: AbortSignal;
}

/** Written device by device: the state of a large machine need not be in memory at once. */
async function dump(
  image: MemoryImage,
  what: 'state' | 'desc' | 'all',
  { facts, statistics, signal }: DumpInput,
): Promise<void> {
  const description = await readDescription(image);
  const problem = 'problem' in description ? description.problem : null;
  const text = 'problem' in description ? 'null' : description.text.toString('utf8').trim();
  if (what === 'desc') {
    await print(`${problem === null ? text : toJson({ problem })}\n`);
    return;
  }
  const head =
    what === 'all' ? { inspect: 1, ...overview(image, facts, statistics) } : { inspect: 1 };
  // The members that are too large for one piece of text go where the head's last brace was.
  await print(`${toJson({ ...head, problem }).replace(/\n\}$/, '')},\n  "devices": [`);
  let separator = '\n';
  for await (const device of deviceStates(image, description)) {
    signal.throwIfAborted();
    await print(separator + indented(toJson(deviceJson(device))));
    separator = ',\n';
  }
  await print('\n  ]');
  if (what === 'all') await print(`,\n  "description": ${text}`);
  await print('\n}\n');
}

function deviceJson({ section, state, whole, remarks }: DeviceState): Record<string, unknown> {
  const { name, instance, version, offset, length } = section;
  return { name, instance, version, offset, length, whole, remarks, state };
}

function indented(json: string): string {
  return json.replace(/^/gm, '    ');
}
