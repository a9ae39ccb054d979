/** `drover export`: guest memory as a file that other tools read. */
import { stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { Option } from 'commander';
import type { CopiedRange } from '../../../memory/image.js';
import type { Environment } from '../../process/environment.js';
import { exitCodes } from '../../process/exit-codes.js';
import { lines, print } from '../../process/print.js';
import { withExamples } from '../../options/help.js';
import type { AddCommand } from '../../options/help.js';
import { counted } from '../../../model/text/format.js';
import { formatBytes, formatRange } from '../../../model/text/sizes.js';
import type { Range } from '../../../model/text/sizes.js';
import { usage } from '../bad-source.js';
import { split } from '../containers/unpack.js';
import { elfTarget } from './elf-target.js';
import type { ElfTarget } from './elf-target.js';
import { exportFormats, exportLayout, kernelNote, noteBytes } from './export-layout.js';
import type { ExportFormat } from './export-layout.js';
import { exportPlan } from './export-plan.js';
import type { LeftOut, PlacedRange } from './export-plan.js';
import { ignoredOptions } from '../source/ignored-options.js';
import { writeAll, writeNewFile } from '../new-file.js';
import { withSourceOptions } from '../source/offline-options.js';
import type { SourceOptions } from '../source/offline-options.js';
import { offlineSession, showName, toJson } from '../offline-output.js';
import type { OfflinePaint, OfflineSession } from '../offline-output.js';
import { openSource } from '../source/offline-source.js';
import type { OfflineSource } from '../source/offline-source.js';
import { assumedNodes, bytesIn, joined, requirePlaced } from '../source/places.js';
import { requireMemory, sourceFacts, sourceText, trouble } from '../source/source-facts.js';

interface ExportOptions extends SourceOptions {
  readonly as: ExportFormat;
  readonly force?: boolean;
  readonly json?: boolean;
}

export const addExportCommand: AddCommand = (program, environment, finish) => {
  const command = program
    .command('export')
    .description('write guest memory to a file that other tools read')
    .usage('[options] --as <format> <source...> <out>')
    .argument(
      '<source...>',
      'as for inspect, or pid:N; the last word, <out>, is the file to write, which must not exist without --force',
    )
    .optionsGroup('What to write:')
    .addOption(
      new Option(
        '--as <format>',
        'raw: file offsets are guest addresses; elf: an ELF core with a segment for each range; lime: the format of LiME',
      )
        .choices(exportFormats)
        .makeOptionMandatory(),
    )
    .option('--force', 'replace the file if it exists')
    .option('--json', 'write the summary as JSON instead of text');
  withSourceOptions(command).action(async (words: readonly string[], options: ExportOptions) => {
    finish(
      await offlineSession(environment, (session) =>
        exportMemory(words, options, environment, session),
      ),
    );
  });
  withExamples(command, {
    'drover export vm.mig --as elf vm.core': 'for crash, drgn and gdb',
    'drover export vm.mig --as lime vm.lime': 'for Volatility 3',
  });
};

interface Exported {
  /** what was written, by guest address */
  readonly stretches: readonly Range[];
  readonly fileBytes: number;
  /** of these, what is no hole of the file */
  readonly writtenBytes: number;
  /** memory with a known address that the source does not hold */
  readonly absentBytes: number;
  readonly leftOut: readonly LeftOut[];
}

async function exportMemory(
  words: readonly string[],
  options: ExportOptions,
  environment: Environment,
  session: OfflineSession,
): Promise<number> {
  const { progress, paint } = session;
  const out = words.at(-1) ?? '';
  if (words.length < 2) throw usage(`export: name the file to write after '${out}'`);
  if (out === '-')
    throw usage('export: the file has holes, so it cannot be written to standard output');
  const sources = words.slice(0, -1);
  await requireOther(sources, out);
  using source = await openSource(sources, options, environment, session);
  requireMemory(source);
  requirePlaced([source.image], options.place ?? []);
  // An ELF header names the architecture: these options give it.
  const heeded = options.as === 'elf' ? { arch: undefined, machine: undefined } : {};
  for (const line of ignoredOptions({ ...options, ...heeded }, [source])) session.note(line);
  const found = await write(source, out, options, session);
  progress.clear();
  const facts = sourceFacts(source);
  const wrong = trouble(source);
  const { stretches, fileBytes, writtenBytes, absentBytes, leftOut } = found;
  const memoryBytes = bytesIn(stretches);
  const { label, image } = source;
  const named = (options.place ?? []).map(({ block }) => block);
  const notes = assumedNodes({ label, format: image.format, blocks: image.blocks }, named);
  await print(
    options.json === true
      ? `${toJson({
          export: 1,
          source: facts,
          file: out,
          as: options.as,
          fileBytes,
          memoryBytes,
          writtenBytes,
          absentBytes,
          ranges: stretches,
          leftOut,
          notes,
        })}\n`
      : lines([
          ...sourceText(facts, wrong, paint),
          `${out}: ${formatBytes(memoryBytes)} of guest memory as ${options.as}, ${formatBytes(writtenBytes)} of it not zero`,
          ...stretches.slice(0, mostListed).map((range) => `  ${formatRange(range)}`),
          ...(stretches.length > mostListed
            ? [`  and ${counted(stretches.length - mostListed, 'more range')}`]
            : []),
          ...(absentBytes === 0
            ? []
            : [
                paint.warning(`absent: the source lacks ${counted(absentBytes, 'byte')} of memory`),
              ]),
          ...leftOutText(leftOut, paint),
          ...notes,
        ]),
  );
  if (wrong !== undefined) return exitCodes.failed;
  const isWhole = absentBytes === 0 && leftOut.every(({ why }) => why === 'device');
  return isWhole ? exitCodes.passed : exitCodes.incomplete;
}

/** `out` by another name, or through a link, may be what is read. */
async function requireOther(sources: readonly string[], out: string): Promise<void> {
  const identity = async (file: string): Promise<string | undefined> => {
    const found = await stat(file, { bigint: true }).catch(() => undefined);
    return found === undefined ? undefined : `${found.dev}:${found.ino}`;
  };
  const target = await identity(out);
  if (target === undefined) return;
  for (const word of sources) {
    const { file } = split(word);
    if ((await identity(file === '-' ? '/dev/stdin' : file)) === target) {
      throw usage(`${out}: is the same file as the source ${word}; name another file to write`);
    }
  }
}

const mostListed = 20;

function leftOutText(leftOut: readonly LeftOut[], paint: OfflinePaint): string[] {
  const devices = leftOut.filter(({ why }) => why === 'device').map(({ block }) => showName(block));
  const main = leftOut.filter(({ why }) => why !== 'device');
  return [
    ...main.map(({ block, bytes, why }) => {
      const name = showName(block);
      const reason =
        why === 'content-elsewhere'
          ? 'its content is not in the stream (x-ignore-shared)'
          : `the guest address is not known; say it with --place ${name}=ADDRESS`;
      return paint.warning(`left out: block ${name}, ${counted(bytes, 'byte')}: ${reason}`);
    }),
    ...(devices.length === 0
      ? []
      : [`left out: memory of devices (--place includes a block): ${devices.join(', ')}`]),
  ];
}

async function write(
  source: OfflineSource,
  out: string,
  options: ExportOptions,
  { signal, progress }: OfflineSession,
): Promise<Exported> {
  const { image } = source;
  const named = (options.place ?? []).map(({ block }) => block);
  const { ranges, leftOut } = exportPlan(image.blocks, image.format, named);
  const held: PlacedRange[] = [];
  for (const range of ranges) {
    for (const { start, end } of await image.heldRanges(range.block, range, { signal })) {
      held.push({ ...range, start, end, address: range.address + (start - range.start) });
    }
  }
  const stretches = joined(
    held.map(({ address, start, end }) => ({ start: address, end: address + end - start })),
  );
  if (stretches.length === 0) {
    throw usage(
      `${source.label}: holds no memory with a known guest address; say where it lies with --machine or --place`,
    );
  }
  const target = await elfTarget(image, { ...options, arch: options.arch ?? source.arch });
  const { fileBytes, headers, offsets, withNote } = exportLayout(options.as, stretches, target);
  const copies = placed(held, stretches, offsets);
  const fill = async (file: FileHandle): Promise<number> => {
    const work = { signal, onProgress: progress.step(`writing ${out}`) };
    const { fd } = file;
    const { written, kernelNotes } = await image.extract(copies, { fd, fileBytes }, work);
    for (const { offset, bytes } of headers) {
      signal.throwIfAborted();
      await writeAll(file, bytes, offset);
    }
    const note = await findNote(file, kernelNotes, target);
    if (note !== undefined && withNote !== undefined) {
      await writeAll(file, withNote(note), 0);
    }
    await source.requireUnchanged(signal);
    return written;
  };
  const advice = 'name another file, or replace it with --force';
  const writtenBytes = await writeNewFile(out, fill, { advice, force: options.force });
  const total = ranges.reduce((sum, { start, end }) => sum + end - start, 0);
  return {
    stretches,
    fileBytes,
    writtenBytes,
    absentBytes: total - bytesIn(stretches),
    leftOut,
  };
}

/** The first note of a Linux kernel, where debuggers find the addresses of its structures. */
async function findNote(
  file: FileHandle,
  offsets: readonly number[],
  target: ElfTarget,
): Promise<Buffer | undefined> {
  for (const offset of offsets) {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(noteBytes), 0, noteBytes, offset);
    const note = kernelNote(buffer.subarray(0, bytesRead), target);
    if (note !== undefined) return note;
  }
  return undefined;
}

/** Each range, and where its stretch puts it in the file. */
function placed(
  held: readonly PlacedRange[],
  stretches: readonly Range[],
  offsets: readonly number[],
): CopiedRange[] {
  let index = 0;
  return held.map(({ block, start, end, address }) => {
    while (address >= (stretches[index]?.end ?? Infinity)) index += 1;
    const from = stretches[index]?.start ?? 0;
    return { block, start, end, fileOffset: (offsets[index] ?? 0) + (address - from) };
  });
}
