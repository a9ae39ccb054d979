/**
 * A range of memory drawn in the terminal: 64 columns, each character a few pages, so that a
 * pattern of damage is seen at a glance. The worst that is in a cell decides its character. Pure.
 */
import type { PageDamage, PageDamageKind } from '../../../model/verdict.js';
import type { NativePageMap } from '../../../native/image-addon.js';
import { addressAt, pageAt } from '../../../model/stamps.js';
import type { Range } from '../../../model/text/sizes.js';
import { counted, hex } from '../../../model/text/format.js';
import type { OfflinePaint } from '../offline-output.js';

export const mapColumns = 64;
/** Small ranges get one page a cell, large ones never more lines than this. */
export const mapRows = 16;

type MapPaint = Pick<OfflinePaint, 'damaged' | 'intact' | 'faint'>;

const damageSigns: Readonly<Record<PageDamageKind, string>> = {
  stale: 's',
  ahead: 'a',
  misplaced: 'm',
  'partly-written': 'p',
  zeroed: '0',
  absent: 'x',
  garbage: 'g',
  flipped: 'f',
};
/** damage whose kind is beyond the end of the list, and more than one kind */
const unlisted = '!';
const several = '*';
const signs = { data: '+', zero: '.', absent: '-' } as const;

const meanings: Readonly<Record<string, string>> = {
  [signs.data]: 'data',
  [signs.zero]: 'zero',
  [signs.absent]: 'not in the file',
  ...Object.fromEntries(Object.entries(damageSigns).map(([kind, sign]) => [sign, kind])),
  [unlisted]: 'damaged',
  [several]: 'damaged in several ways',
};
/** In a checked map, a page that should have a stamp and is not there is damage. */
const checkedMeanings: Readonly<Record<string, string>> = {
  ...meanings,
  [signs.data]: 'intact',
  x: 'missing',
};

export interface MapInput {
  readonly start: number;
  readonly step: number;
  /** addresses inside the range that the map leaves out */
  readonly hole?: Range;
  readonly map: NativePageMap;
  /** whether stamps were looked at; then a page with data is intact */
  readonly checked: boolean;
  readonly damage?: readonly PageDamage[];
}

export function drawPageMap(input: MapInput, paint: MapPaint): string[] {
  const { map } = input;
  const characters = cellCharacters(input);
  const addressOf = (cell: number): string => hex(addressAt(input, cell * map.pagesPerCell));
  const rows: string[] = [];
  const width = addressOf(characters.length).length;
  for (let first = 0; first < characters.length; first += mapColumns) {
    const cells = characters.slice(first, first + mapColumns);
    const address = addressOf(first).padStart(width);
    rows.push(`  ${paint.faint(address)}  ${cells.map((sign) => painted(sign, paint)).join('')}`);
  }
  return [...rows, `  ${paint.faint(legend(characters, input))}`];
}

function legend(characters: readonly string[], { map, checked }: MapInput): string {
  const known = checked ? checkedMeanings : meanings;
  const used = [...new Set(characters)].map((sign) => `${sign} ${known[sign] ?? ''}`);
  return `${counted(map.pagesPerCell, 'page')} a character: ${used.join(', ')}`;
}

function painted(sign: string, paint: MapPaint): string {
  if (sign === signs.data) return paint.intact(sign);
  return sign === signs.zero || sign === signs.absent ? paint.faint(sign) : paint.damaged(sign);
}

function cellCharacters(input: MapInput): string[] {
  const { cells } = input.map;
  const kinds = damageByCell(input);
  return Array.from({ length: cells.length / 4 }, (_, index) => {
    const [data = 0, , absent = 0, damaged = 0] = cells.subarray(index * 4, index * 4 + 4);
    if (damaged > 0) return kinds.get(index) ?? unlisted;
    if (absent > 0) return signs.absent;
    return data > 0 ? signs.data : signs.zero;
  });
}

/**
 * Runs may be long and many: each cell is visited once per run that touches it, and there are few
 * cells.
 */
function damageByCell(input: MapInput): Map<number, string> {
  const { map, damage = [] } = input;
  const found = new Map<number, string>();
  const cellOf = (address: number): number => Math.floor(pageAt(input, address) / map.pagesPerCell);
  for (const run of damage) {
    const sign = damageSigns[run.kind];
    const last = cellOf(run.end - 1);
    for (let cell = cellOf(run.start); cell <= last; cell++) {
      const before = found.get(cell);
      found.set(cell, before === undefined || before === sign ? sign : several);
    }
  }
  return found;
}
