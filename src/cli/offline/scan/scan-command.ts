/** `drover scan`: is the memory in a file, or of a stopped guest, whole? */
import os from 'node:os';
import { Option } from 'commander';
import { HarnessError } from '../../../model/errors.js';
import { loadAddon } from '../../../native/addon.js';
import type { MemoryImage } from '../../../memory/image.js';
import type { StampKind } from '../../../model/stamps.js';
import type { NativeBlock, NativePlace, NativeSliceVerdict } from '../../../native/image-addon.js';
import type { Environment } from '../../process/environment.js';
import { exitCodes } from '../../process/exit-codes.js';
import { withExamples } from '../../options/help.js';
import type { AddCommand } from '../../options/help.js';
import { ignoredOptions } from '../source/ignored-options.js';
import { limitArgument, withSourceOptions } from '../source/offline-options.js';
import type { SourceOptions } from '../source/offline-options.js';
import { offlineSession, showName, toJson } from '../offline-output.js';
import { lines, print } from '../../process/print.js';
import type { OfflineSession } from '../offline-output.js';
import { usage } from '../bad-source.js';
import { openSource } from '../source/offline-source.js';
import { countUpTo } from '../../options/options.js';
import { mapColumns, mapRows } from './page-map.js';
import {
  blockNamed,
  holesIn,
  isDump,
  offsetsWithin,
  placesOf,
  requirePlaced,
  subtract,
} from '../source/places.js';
import { scanRequest } from './scan-request.js';
import { isIntact, isElsewhere, hashText, statisticsText, verdictText } from './scan-text.js';
import { rangeArgument } from '../../options/size-arguments.js';
import { stampKinds } from '../../../model/stamps.js';
import { formatRanges } from '../../../model/text/sizes.js';
import type { Range } from '../../../model/text/sizes.js';
import { requireMemory, sourceFacts, sourceText, trouble } from '../source/source-facts.js';

interface ScanOptions extends SourceOptions {
  readonly range?: readonly Range[];
  readonly level: StampKind | 'zero' | 'hash';
  readonly writers: number;
  readonly hole?: Range;
  readonly block?: string;
  readonly kernel?: string;
  readonly threads: number;
  readonly limit: number;
  readonly map: boolean;
  readonly json?: boolean;
  readonly live?: boolean;
}

export const addScanCommand: AddCommand = (program, environment, finish) => {
  const command = program
    .command('scan')
    .description('check the stamps in guest memory: a file, or the RAM of a stopped guest')
    .argument(
      '<source...>',
      'a RAM image, dump or migration file; several files of one multifd stream; or pid:N',
    )
    .optionsGroup('What to check:')
    .option(
      '--range <start-end>',
      'guest addresses to check or to hash: START-END (END exclusive) or START+LENGTH, such as 1M-100M; repeatable, one range for each writer',
      (text: string, before?: readonly Range[]) => [...(before ?? []), rangeArgument(text)],
    )
    .addOption(
      new Option(
        '--level <name>',
        'what to check: byte, wide or page stamps, as --stamp of drover stress (page by default there); zero: count zero pages; hash: SHA-256',
      )
        .choices([...stampKinds, 'zero', 'hash'])
        .default('byte'),
    )
    .option(
      '--writers <count>',
      'cut the range into one slice per writer, as the guest does',
      countUpTo(4096),
      1,
    )
    .option(
      '--hole <start-end>',
      'guest addresses within the range that are not RAM',
      rangeArgument,
    )
    .option('--block <name>', 'check this RAM block; addresses are then offsets in it');
  withSourceOptions(command)
    .optionsGroup('How to check and show it:')
    .addOption(
      new Option(
        '--kernel <name>',
        'routine that reads stamps, for benchmarks; level byte: serial or prefetch; wide and page: all but prefetch',
      )
        .choices(scanKernels)
        .default(undefined, 'chosen for this host'),
    )
    .addOption(
      new Option('--threads <count>', 'threads that scan')
        .argParser(countUpTo(1024))
        .default(os.availableParallelism(), 'one per core'),
    )
    .option('--limit <count>', 'how many runs of damaged pages to list', limitArgument, 20)
    .option('--no-map', 'do not show the page map')
    .option('--live', 'with pid:N, allow a running guest (results may show false damage)')
    .option('--json', 'write JSON instead of text')
    .action(async (words: readonly string[], options: ScanOptions) => {
      finish(
        await offlineSession(environment, (session) => scan(words, options, environment, session)),
      );
    });
  withExamples(command, {
    'drover scan results/migration-precopy-tcp-plain-1/destination.ram --address 1M':
      'is the guest memory in the evidence of a failed test intact?',
    'drover scan vm.mig --level zero': 'how many pages of a migration file are zero?',
  });
};

/**
 * stamps at level byte by the first two, at the others by all but the second; not every host has
 * each
 */
const scanKernels = ['serial', 'prefetch', 'avx2', 'avx512', 'neon'];

/** Refuses options that this level would ignore. */
function refuseIgnored({ level, range, writers, kernel, hole }: ScanOptions): void {
  const most = level === 'hash' ? 1 : 0;
  if ((range?.length ?? 0) > most) {
    throw usage(
      `--range: level ${level} ${most === 0 ? 'takes none: leave it out' : 'takes one only'}`,
    );
  }
  if (writers > 1) throw usage(`--writers: level ${level} checks no stamps: leave it out`);
  if (hole !== undefined) throw usage(`--hole: level ${level} checks no stamps: leave it out`);
  if (kernel !== undefined) throw usage(`--kernel: level ${level} checks no stamps: leave it out`);
}

function requireKernel(level: string, kernel: string | undefined): void {
  const addon = loadAddon();
  const known: readonly string[] =
    level === 'byte' ? addon.kernelNames() : addon.verifyKernelNames();
  if (kernel === undefined || known.includes(kernel)) return;
  throw usage(
    `--kernel: '${kernel}' cannot be used at level ${level} on this host; use one of ${known.join(', ')}`,
  );
}

async function scan(
  words: readonly string[],
  options: ScanOptions,
  environment: Environment,
  session: OfflineSession,
): Promise<number> {
  const { signal, progress } = session;
  using source = await openSource(words, options, environment, session);
  requireMemory(source);
  const { image } = source;
  requirePlaced([image], options.place ?? []);
  for (const line of ignoredOptions(options, [source])) session.note(line);
  const facts = sourceFacts(source);
  const wrong = trouble(source);
  const head = sourceText(facts, wrong, session.paint);
  if (options.level === 'zero' || options.level === 'hash') {
    refuseIgnored(options);
    const found = await withoutStamps(image, options, session);
    await source.requireUnchanged(signal);
    const clean = wrong === undefined && found.complete;
    await print(
      options.json === true
        ? `${toJson({ scan: 1, source: facts, level: options.level, clean, blocks: found.json })}\n`
        : lines([...head, ...found.text]),
    );
    if (wrong !== undefined) return exitCodes.failed;
    return found.complete ? exitCodes.passed : exitCodes.incomplete;
  }
  const { level } = options;
  requireKernel(level, options.kernel);
  const request = scanRequest(
    {
      level,
      ranges: options.range ?? [],
      writers: options.writers,
      hole: options.hole,
      block: options.block,
      pageBytes: options.pageSize,
      kernel: options.kernel,
      threads: options.threads,
      map: options.map,
    },
    image,
  );
  const look = async (): Promise<NativeSliceVerdict[]> =>
    await image.check(request, { signal, onProgress: progress.step('checking') });
  const slices = await look();
  if (source.live && options.live !== true) requireSame(slices, await look());
  await source.requireUnchanged(signal);
  progress.clear();
  const clean = wrong === undefined && slices.every(isIntact);
  const within = request.block === undefined ? undefined : image.blocks[request.block];
  const textOptions = { limit: options.limit, blocks: image.blocks, within };
  await print(
    options.json === true
      ? `${toJson({ scan: 1, source: facts, level, clean, block: within?.name ?? null, slices })}\n`
      : lines([
          ...head,
          ...slices.flatMap((verdict, index) => {
            const { hole } = request.slices[index] ?? {};
            return verdictText(verdict, { ...textOptions, hole }, session.paint);
          }),
          ...(source.live && options.live === true
            ? ['the guest may have run meanwhile: an edge that moves can look like damage']
            : []),
        ]),
  );
  if (clean) return exitCodes.passed;
  const isIncomplete =
    wrong === undefined &&
    slices.every((verdict) => isIntact(verdict) || isElsewhere(verdict, image.blocks));
  return isIncomplete ? exitCodes.incomplete : exitCodes.failed;
}

/** The third sign of a guest that runs: what was read twice is not the same. */
function requireSame(
  first: readonly NativeSliceVerdict[],
  second: readonly NativeSliceVerdict[],
): void {
  const shape = (verdicts: readonly NativeSliceVerdict[]): string =>
    verdicts
      .map(({ generation, edge, damagedPages }) => `${generation} ${edge ?? '-'} ${damagedPages}`)
      .join('; ');
  if (shape(first) === shape(second)) return;
  throw new HarnessError({
    code: 'guest-running',
    blame: 'usage',
    message: 'the memory changed while Drover read it: the guest is running',
    details: ["stop it first (monitor command 'stop'), or use --live (may show false damage)"],
  });
}

function requireRam(blocks: readonly NativeBlock[], range: Range): void {
  const ram = placesOf(blocks);
  const missing = subtract([range], ram);
  if (missing.length === 0) return;
  throw usage(
    ram.length === 0
      ? '--range: the guest addresses of the RAM blocks are unknown; give --machine or --place, or --block and offsets in it'
      : `--range: there is no RAM at ${formatRanges(missing)}; RAM is at ${formatRanges(ram)}`,
  );
}

const offsetsOf = ({ blockOffset, length }: NativePlace): Range => ({
  start: blockOffset,
  end: blockOffset + length,
});

async function withoutStamps(
  image: MemoryImage,
  options: ScanOptions,
  session: OfflineSession,
): Promise<{ text: string[]; json: unknown[]; complete: boolean }> {
  const { signal, progress, paint } = session;
  const text: string[] = [];
  const json: unknown[] = [];
  let complete = true;
  const [range] = options.range ?? [];
  // A dump's only block begins at address 0.
  const addressed = options.block === undefined && !isDump(image.format);
  if (range !== undefined && addressed) requireRam(image.blocks, range);
  const chosen =
    options.block === undefined ? image.blocks.keys() : [blockNamed(image.blocks, options.block)];
  for (const index of chosen) {
    const block = image.blocks[index];
    if (block === undefined) continue;
    const work = { signal, onProgress: progress.step(showName(block.name)) };
    if (options.level === 'hash') {
      const { pages, absent } = await image.statistics(index, false, { signal });
      const holes = holesIn(block, image.format);
      // Where a dump lists no memory, there is nothing to hash.
      const listed = holes === 0 ? undefined : block.places.map(offsetsOf);
      const ranges =
        range === undefined ? listed : addressed ? offsetsWithin(block, range) : [range];
      if (ranges?.length === 0) continue;
      const notListed =
        listed === undefined || range === undefined ? [] : subtract([range], listed);
      const sha256 = await image.hash(index, ranges, work);
      complete &&= sha256 !== null;
      text.push(hashText(block, sha256, { pages, absent, holes }, notListed));
      json.push({ name: block.name, length: block.length, pages, absent, holes, sha256 });
    } else {
      const found = await image.statistics(index, true, work);
      const map = options.map ? await image.pageMap(index, mapColumns * mapRows, work) : null;
      const holes = holesIn(block, image.format);
      complete &&= found.absent === holes;
      text.push(...statisticsText(block, { ...found, holes }, map, paint));
      json.push({ name: block.name, length: block.length, ...found, holes });
    }
  }
  progress.clear();
  return { text, json, complete };
}
