/** What a scan found, in words. Pure. */
import type {
  NativeBlock,
  NativeBlockStatistics,
  NativePageDamage,
  NativePageMap,
  NativeSliceVerdict,
} from '../../../native/image-addon.js';
import type { PageDamageKind } from '../../../model/verdict.js';
import { pageAt } from '../../../model/stamps.js';
import { drawPageMap } from './page-map.js';
import { formatRange, formatRanges } from '../../../model/text/sizes.js';
import type { Range } from '../../../model/text/sizes.js';
import { counted, formatCount, hex } from '../../../model/text/format.js';
import { showName } from '../offline-output.js';
import type { OfflinePaint } from '../offline-output.js';

export interface VerdictTextOptions {
  /** runs of damage that are listed */
  readonly limit: number;
  readonly blocks: readonly NativeBlock[];
  /** addresses are offsets in this block */
  readonly within: NativeBlock | undefined;
  /** where the slice reaches across it */
  readonly hole?: Range;
}

/** Memory that nobody has stamped may have been lost as a whole, which no single page shows. */
export function isIntact({ damagedPages, generation, edge }: NativeSliceVerdict): boolean {
  return damagedPages === 0 && !(generation === 0 && edge === null);
}

/** Nothing is known to be damaged: what is not as it should be is in no file of this source. */
export function isElsewhere(
  { damage, damagedRuns, pagesByKind, damagedPages }: NativeSliceVerdict,
  blocks: readonly NativeBlock[],
): boolean {
  return (
    damagedPages > 0 &&
    pagesByKind.absent === damagedPages &&
    damage.length === damagedRuns &&
    damage.every(({ block }) => blocks[block]?.contentElsewhere === true)
  );
}

export function verdictText(
  verdict: NativeSliceVerdict,
  options: VerdictTextOptions,
  paint: OfflinePaint,
): string[] {
  const { level, start, end, step, pages, damagedPages, damagedRuns, map } = verdict;
  const { hole } = options;
  const where = options.within === undefined ? '' : ` of block ${showName(options.within.name)}`;
  const intact = isIntact(verdict);
  const without = hole === undefined ? '' : ` without ${formatRange(hole)}`;
  const head = `${formatRange({ start, end })}${without}${where}: ${counted(pages, 'page')} of ${step} bytes, level ${level}`;
  const result = intact
    ? paint.intact('intact')
    : isElsewhere(verdict, options.blocks)
      ? paint.warning(
          `not checked: the content of ${counted(damagedPages, 'page')} is not in the file (x-ignore-shared)`,
        )
      : damagedPages === 0
        ? paint.damaged('nothing is stamped')
        : paint.damaged(
            `damaged: ${counted(damagedPages, 'page')} in ${counted(damagedRuns, 'run')}`,
          );
  return [
    head,
    `${result}; ${generationText(verdict, hole)}`,
    ...(damagedPages === 0 ? [] : [`  ${kindsText(verdict.pagesByKind)}`]),
    ...verdict.damage.slice(0, options.limit).map((run) => `  ${damageText(run, options)}`),
    ...(damagedRuns > options.limit
      ? [
          `  and ${counted(damagedRuns - Math.min(options.limit, verdict.damage.length), 'more run')}`,
        ]
      : []),
    ...(map === null
      ? []
      : drawPageMap({ start, step, hole, map, checked: true, damage: verdict.damage }, paint)),
    ...(verdict.upstreamLines.length === 0
      ? []
      : ["in upstream's words:", ...verdict.upstreamLines.map((line) => `  ${line}`)]),
    ...(damagedPages === 0 && !intact
      ? [
          paint.warning(
            'all stamps are 0: the guest had not begun to write, or this is not its memory',
          ),
        ]
      : []),
    ...(damagedPages * 2 > pages && !isElsewhere(verdict, options.blocks) ? hints(level) : []),
  ];
}

/** Where most pages are damaged, it is rather the wrong memory or the wrong level than damage. */
const hints = (level: string): string[] => [
  `most pages have no stamp of level ${level} that fits: is this memory of Drover's guest, and is --level as --stamp of the run?`,
  'tests stamp byte, drover stress page by default; for other memory use --level zero or hash, or drover diff',
];

function generationText(
  { generation, edge, beingWritten, start, step }: NativeSliceVerdict,
  hole: Range | undefined,
): string {
  const at =
    edge === null
      ? 'all pages alike, no edge'
      : `edge at ${hex(edge)} (page ${pageAt({ start, step, hole }, edge)}), ${generation - 1} from there on`;
  const half = beingWritten === null ? '' : `; ${hex(beingWritten)} was being written`;
  return `generation ${generation}, ${at}${half}`;
}

function kindsText(kinds: Readonly<Record<PageDamageKind, number>>): string {
  return Object.entries(kinds)
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${formatCount(count)} ${kind}`)
    .join(', ');
}

function damageText(run: NativePageDamage, { blocks, within }: VerdictTextOptions): string {
  const range = formatRange(run);
  const block = within === undefined ? blocks[run.block] : undefined;
  // The offset says something new only where it is not the address.
  const place =
    block === undefined || blocks.length < 2
      ? ''
      : `, ${showName(block.name)}+${hex(run.blockOffset)}`;
  return `${range} (${counted(run.pages, 'page')}${place}): ${explain(run)}`;
}

function explain({ kind, expected, found, by, from, byteOffset }: NativePageDamage): string {
  const instead = found === null ? '' : `, found ${found}`;
  switch (kind) {
    case 'stale':
      return `stale by ${by}: expected ${expected}${instead}`;
    case 'ahead':
      return `ahead by ${by}: expected ${expected}${instead}`;
    case 'misplaced':
      return `misplaced: this is the page of ${from === null ? 'another address' : hex(from)}${instead}`;
    case 'partly-written':
      return `partly written: generation ${expected} up to byte ${byteOffset ?? '?'}${instead} from there on`;
    case 'zeroed':
      return `zeroed: expected ${expected}`;
    case 'absent':
      return `missing: the file holds no such page, expected ${expected}`;
    case 'flipped':
      return `one bit flipped in byte ${byteOffset ?? '?'}: expected ${expected}`;
    case 'garbage':
      return `no stamp: expected ${expected}${instead}${byteOffset === null ? '' : `, wrong from byte ${byteOffset}`}`;
  }
}

/**
 * In the form of sha256sum; of a block that is not all in the file there is no hash.
 * @param notListed parts of the range where a dump lists no memory
 */
export function hashText(
  { name, contentElsewhere }: NativeBlock,
  sha256: string | null,
  { pages, absent, holes }: Pick<NativeBlockStatistics, 'pages' | 'absent'> & { holes: number },
  notListed: readonly Range[],
): string {
  if (sha256 !== null) return `${sha256}  ${showName(name)}`;
  const why = contentElsewhere
    ? 'its content is not in the file (x-ignore-shared)'
    : notListed.length > 0
      ? `the dump lists no memory in ${formatRanges(notListed)}`
      : `${formatCount(absent - holes)} of ${counted(pages - holes, 'page')} are not in the file; --range hashes a part that is`;
  return `no hash  ${showName(name)}: ${why}`;
}

export function statisticsText(
  block: NativeBlock,
  found: NativeBlockStatistics & { readonly holes: number },
  map: NativePageMap | null,
  paint: OfflinePaint,
): string[] {
  const counts = [
    ...(found.zeroContent === null ? [] : [`${formatCount(found.zeroContent)} zero`]),
    ...(found.absent > found.holes
      ? [paint.warning(`${formatCount(found.absent - found.holes)} not in the file`)]
      : []),
    ...(found.holes > 0 ? [`${formatCount(found.holes)} where the dump lists no memory`] : []),
  ];
  const elsewhere = block.contentElsewhere
    ? '; its content is not in the file (x-ignore-shared)'
    : '';
  return [
    `${paint.strong(showName(block.name))}: ${counted(found.pages, 'page')} of ${block.pageBytes} bytes: ${counts.join(', ')}${elsewhere}`,
    ...(map === null
      ? []
      : drawPageMap({ start: 0, step: block.pageBytes, map, checked: false }, paint)),
  ];
}
