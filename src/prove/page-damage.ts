/** Damage to one page, or two, of a recorded migration: what is sent instead of what was sent. */
import { hex } from '../model/text/format.js';
import { generationOf, withStamp } from '../model/page-stamp.js';
import type { Draw } from '../model/seeded.js';
import type { StampKind } from '../model/stamps.js';
import type { Edit } from './edit.js';
import { replacement } from './edit.js';
import type { RecordedPage, RecordedPages } from './recorded-pages.js';
import { leaveOut, sendElsewhere } from './page-records.js';

/** What happens to a page; `stale-N`: it arrives as it was N generations ago. */
export const pageDamages = [
  'flip',
  'zeroed',
  'half',
  'stale-1',
  'stale-2',
  'stale-256',
  'swapped',
  'misplaced',
  'dropped',
] as const;
export type PageDamage = (typeof pageDamages)[number];

/** Edits that do it, and which pages do not arrive as they were. */
export interface DamagedPages {
  readonly edits: readonly Edit[];
  readonly pages: readonly RecordedPage[];
  /** continues the sentence after the page's name */
  readonly what: string;
}

export interface DamageRequest {
  readonly pages: RecordedPages;
  readonly page: RecordedPage;
  readonly stamp: StampKind;
  readonly draw: Draw;
}

type Make = (request: DamageRequest) => Promise<DamagedPages | undefined>;

/** @returns undefined where that would change nothing on this page, or cannot be done to it */
export async function damagePage(
  kind: PageDamage,
  request: DamageRequest,
): Promise<DamagedPages | undefined> {
  return await makers[kind](request);
}

/** Other content in the same place. */
const content =
  (
    change: (
      page: Buffer,
      request: DamageRequest,
    ) => { readonly after: Buffer; readonly what: string } | undefined,
  ): Make =>
  async (request) => {
    const { page, pages } = request;
    const before = await pages.read(page);
    const changed = change(before, request);
    if (changed === undefined || changed.after.equals(before)) return undefined;
    const { after, what } = changed;
    return { edits: [replacement(page.input, page.fileOffset, after)], pages: [page], what };
  };

const stale = (generations: number): Make =>
  content((before, { page, stamp }) => {
    if (page.region !== 'stamped' || page.address === undefined) return undefined;
    const generation = generationOf(before, stamp);
    // a byte has come round
    const old = stamp === 'byte' ? (generation - generations) & 255 : generation - generations;
    if (old < 1) return undefined;
    return {
      after: withStamp(before, stamp, page.address, old),
      what: `is of generation ${old} instead of ${generation}`,
    };
  });

const makers: Readonly<Record<PageDamage, Make>> = {
  flip: content((before, { draw }) => {
    const at = draw.below(before.length);
    const bit = draw.below(8);
    const after = Buffer.from(before);
    after[at] = (after[at] ?? 0) ^ (1 << bit);
    return { after, what: `has bit ${bit} of byte ${at} inverted` };
  }),
  zeroed: content((before) => ({ after: Buffer.alloc(before.length), what: 'is zero' })),
  half: content((before, { page, stamp }) => {
    const middle = before.length / 2;
    const old =
      stamp === 'page' && page.region === 'stamped' && page.address !== undefined
        ? withStamp(before, stamp, page.address, generationOf(before, stamp) - 1)
        : Buffer.alloc(before.length);
    const after = Buffer.concat([before.subarray(0, middle), old.subarray(middle)]);
    return { after, what: `has older content from byte ${middle} on` };
  }),
  'stale-1': stale(1),
  'stale-2': stale(2),
  'stale-256': stale(256),
  swapped: async ({ page, pages, draw }) => {
    const other = draw.of(pages.like(page));
    const [here, there] = [await pages.read(page), await pages.read(other)];
    if (here.equals(there)) return undefined;
    return {
      edits: [
        replacement(page.input, page.fileOffset, there),
        replacement(other.input, other.fileOffset, here),
      ],
      pages: [page, other],
      what: `has the content of ${pages.nameOf(other)}, and that has its`,
    };
  },
  misplaced: async ({ page, pages, draw }) => {
    const before = pages.sentBefore(page);
    if (before.length === 0) return undefined;
    const other = draw.of(before);
    if ((await pages.read(page)).equals(await pages.read(other))) return undefined;
    const edits = await sendElsewhere(pages, page, other);
    const what = `arrives at ${hex(other.offset)} instead`;
    return edits && { edits, pages: [page, other], what };
  },
  dropped: async ({ page, pages }) => {
    const edits = await leaveOut(pages, page);
    return edits && { edits, pages: [page], what: 'is not sent' };
  },
};
