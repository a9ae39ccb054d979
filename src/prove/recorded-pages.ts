/** The pages of a recorded migration whose last content lies in the files as it is. */
import type { StampedRange } from '../model/stamps.js';
import { hex } from '../model/text/format.js';
import { printableLine } from '../model/text/printable.js';
import type { NativeBlock } from '../native/image-addon.js';
import type { Recording } from './recording.js';

/** `stamped`: by the guest; `other`: the rest of its memory; `device`: ROM, flash, video memory. */
export const regions = ['stamped', 'other', 'device'] as const;
export type Region = (typeof regions)[number];

export interface RecordedPage {
  /** index in the image */
  readonly block: number;
  /** in the block */
  readonly offset: number;
  /** guest-physical; undefined where the image does not know */
  readonly address: number | undefined;
  readonly region: Region;
  /** number of the file, and where in it the content begins */
  readonly input: number;
  readonly fileOffset: number;
}

export class RecordedPages {
  private constructor(
    readonly recording: Recording,
    private readonly byRegion: Readonly<Record<Region, readonly RecordedPage[]>>,
  ) {}

  static async of(recording: Recording, signal: AbortSignal): Promise<RecordedPages> {
    const { image, source } = recording;
    const { stamped } = source.context;
    const found: Record<Region, RecordedPage[]> = { stamped: [], other: [], device: [] };
    for (const [block, about] of image.blocks.entries()) {
      const { pageBytes } = about;
      for (const { start, end, input, fileOffset } of await image.storedRanges(block, { signal })) {
        for (let offset = start; offset < end; offset += pageBytes) {
          const address = addressOf(about, offset);
          const region = regionOf(about, address, stamped);
          found[region].push({
            ...{ block, offset, address, region, input },
            fileOffset: fileOffset + offset - start,
          });
        }
      }
    }
    return new RecordedPages(recording, found);
  }

  ofRegion(region: Region): readonly RecordedPage[] {
    return this.byRegion[region];
  }

  /** others of its block and region; itself where there are none */
  like({ region, block, offset }: RecordedPage): readonly RecordedPage[] {
    const all = this.byRegion[region].filter((page) => page.block === block);
    const others = all.filter((page) => page.offset !== offset);
    return others.length > 0 ? others : all;
  }

  /** those of them whose content comes before its own, over the same channel */
  sentBefore(page: RecordedPage): readonly RecordedPage[] {
    return this.like(page).filter(
      ({ input, fileOffset }) => input === page.input && fileOffset < page.fileOffset,
    );
  }

  pageBytes({ block }: Pick<RecordedPage, 'block'>): number {
    return this.recording.image.blocks[block]?.pageBytes ?? 4096;
  }

  async read(page: RecordedPage): Promise<Buffer> {
    const { image } = this.recording;
    return await image.readInput(page.input, page.fileOffset, this.pageBytes(page));
  }

  nameOf({ block, offset }: RecordedPage): string {
    const name = this.recording.image.blocks[block]?.name ?? '';
    return `page ${hex(offset)} of ${printableLine(name)}`;
  }
}

function addressOf({ places }: NativeBlock, offset: number): number | undefined {
  const place = places.find(
    ({ blockOffset, length }) => offset >= blockOffset && offset < blockOffset + length,
  );
  return place && place.address + offset - place.blockOffset;
}

function regionOf(
  { mainMemory }: NativeBlock,
  address: number | undefined,
  { start, end, hole }: StampedRange,
): Region {
  if (!mainMemory) return 'device';
  const isStamped =
    address !== undefined &&
    address >= start &&
    address < end &&
    !(hole !== undefined && address >= hole.start && address < hole.end);
  return isStamped ? 'stamped' : 'other';
}
