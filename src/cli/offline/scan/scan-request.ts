/** Which pages a scan looks at: from what the user asked for and what the image holds. Pure. */
import { HarnessError } from '../../../model/errors.js';
import { pagesOf, slicesOf } from '../../../model/stamps.js';
import type { StampKind } from '../../../model/stamps.js';
import type {
  NativeBlock,
  NativeImageCheckRequest,
  NativeSlice,
} from '../../../native/image-addon.js';
import { mapColumns, mapRows } from './page-map.js';
import { formatRange, formatRanges } from '../../../model/text/sizes.js';
import type { Range } from '../../../model/text/sizes.js';
import { showName } from '../offline-output.js';
import { blockNamed, isWithin, placesOf } from '../source/places.js';

export interface ScanInput {
  readonly level: StampKind;
  /** each a writer's own; none: the usual range of a test guest */
  readonly ranges: readonly Range[];
  /** into how many slices a single range is cut, as guests do it */
  readonly writers: number;
  /** addresses inside a single range that are not memory */
  readonly hole: Range | undefined;
  readonly block: string | undefined;
  readonly pageBytes: number | undefined;
  readonly kernel: string | undefined;
  readonly threads: number;
  readonly map: boolean;
}

const MiB = 1024 ** 2;
/**
 * What migration tests stamp, counted from where RAM begins: the range of upstream's guests and of
 * ours.
 */
const usualRange: Range = { start: 1 * MiB, end: 100 * MiB };
/** stamps are this far apart even where pages are smaller */
const usualStep = 4096;

function refuse(message: string, details: readonly string[] = []): HarnessError {
  return new HarnessError({ code: 'bad-scan', blame: 'usage', message, details });
}

/** Main memory: the largest block that has an address, else the largest. */
function mainBlock(blocks: readonly NativeBlock[]): NativeBlock | undefined {
  const placed = blocks.filter(({ places }) => places.length > 0);
  const candidates = placed.length > 0 ? placed : blocks;
  return candidates.reduce<NativeBlock | undefined>(
    (best, block) => (best === undefined || block.length > best.length ? block : best),
    undefined,
  );
}

export function scanRequest(
  input: ScanInput,
  image: { readonly format: string; readonly blocks: readonly NativeBlock[] },
): NativeImageCheckRequest {
  const index = input.block === undefined ? undefined : blockNamed(image.blocks, input.block);
  const block = index === undefined ? mainBlock(image.blocks) : image.blocks[index];
  if (block === undefined)
    throw refuse('the file has no RAM block to scan: give a file with guest memory');
  // What a kdump calls a page is the unit it is packed in, which may hold several of the guest's:
  // 64 KiB on ppc64.
  const packed = image.format === 'kdump';
  const step = input.pageBytes ?? (packed ? usualStep : Math.max(usualStep, block.pageBytes));
  const ranges =
    input.ranges.length > 0 ? input.ranges : [usual(block, index !== undefined, image)];
  for (const range of ranges) {
    if (range.start % step !== 0 || range.end % step !== 0) {
      throw refuse(`${formatRange(range)} is not aligned to pages of ${step} bytes`);
    }
  }
  const start = block.places.find(({ blockOffset }) => blockOffset === 0)?.address;
  return {
    level: input.level,
    block: index,
    blockAddress: index === undefined ? undefined : (start ?? 0),
    slices: cut(ranges, input, step),
    step,
    mapCells: input.map ? mapColumns * mapRows : 0,
    kernel: input.kernel,
    threads: input.threads,
  };
}

function usual(
  block: NativeBlock,
  whole: boolean,
  { format, blocks }: { readonly format: string; readonly blocks: readonly NativeBlock[] },
): Range {
  if (whole) return { start: 0, end: block.length };
  const places = placesOf(blocks.filter(({ mainMemory }) => mainMemory));
  const [lowest] = places;
  if (lowest === undefined) {
    throw refuse('the guest addresses of its RAM are unknown: give --machine, --place or --block', [
      `the largest block is '${showName(block.name)}', ${block.length} bytes`,
    ]);
  }
  const range = { start: lowest.start + usualRange.start, end: lowest.start + usualRange.end };
  if (places.some((place) => isWithin(range, place))) return range;
  // Raw memory is often just the part that was stamped.
  if (format === 'raw') return lowest;
  throw refuse(
    `the usual range of test guests, ${formatRange(range)}, does not fit into RAM: give --range`,
    [`RAM: ${formatRanges(places)}`],
  );
}

function cut(ranges: readonly Range[], { writers, hole }: ScanInput, step: number): NativeSlice[] {
  const [range] = ranges;
  if ((writers === 1 && hole === undefined) || range === undefined) return [...ranges];
  if (ranges.length > 1) {
    throw refuse(
      '--writers and --hole need one range: give one --range, or one for each writer without them',
    );
  }
  if (hole !== undefined) {
    if (!(range.start < hole.start && hole.end < range.end)) {
      throw refuse(`--hole: ${formatRange(hole)} is not within the range ${formatRange(range)}`);
    }
    if ((hole.start - range.start) % step !== 0 || (range.end - hole.end) % step !== 0) {
      throw refuse(`the hole ${formatRange(hole)} is not aligned to pages of ${step} bytes`);
    }
  }
  const pages = pagesOf({ ...range, step, hole });
  if (pages < writers)
    throw refuse(
      `--writers: ${pages} pages cannot be cut into ${writers} slices; give fewer writers`,
    );
  return slicesOf({ ...range, step, hole, writers }).map((slice) => ({
    start: slice.start,
    end: slice.end,
    hole: slice.hole,
  }));
}
