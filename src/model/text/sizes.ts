/** Sizes, addresses and ranges as people write and read them. Pure. */
import { counted, hex } from './format.js';

export interface Range {
  readonly start: number;
  /** exclusive */
  readonly end: number;
}

const units = ['', 'K', 'M', 'G', 'T', 'P'];
const pattern = /^(?:(0x[0-9a-f]+)|(\d+)([kmgtp]?)(?:i?b)?)$/i;

/** `4096`, `0x1000`, `4K`, `4KiB`; units are powers of 1024. undefined when it is none of these. */
export function parseSize(text: string): number | undefined {
  const [, hexadecimal, decimal, unit = ''] = pattern.exec(text.trim()) ?? [];
  if (hexadecimal === undefined && decimal === undefined) return undefined;
  const value = Number(hexadecimal ?? decimal) * 1024 ** units.indexOf(unit.toUpperCase());
  return Number.isSafeInteger(value) ? value : undefined;
}

/** short, and exact where that is short: `99 MiB`, `4 KiB`, `513 B`, `19.5 KiB` */
export function formatBytes(bytes: number): string {
  let power = 0;
  const isShort = (unit: number): boolean =>
    bytes >= 10 * unit || (bytes > 0 && bytes % unit === 0);
  while (power < units.length - 1 && isShort(1024 ** (power + 1))) power += 1;
  if (power === 0) return `${bytes} B`;
  const value = bytes / 1024 ** power;
  return `${Number.isInteger(value) ? value : value.toFixed(1)} ${units[power] ?? ''}iB`;
}

export const formatRange = ({ start, end }: Range): string => `${hex(start)}-${hex(end)}`;

const mostListed = 20;

/** Separated by commas; of very many, only the first 20 and how many more there are. */
export function formatRanges(ranges: readonly Range[]): string {
  const more = ranges.length - mostListed;
  const listed = ranges.slice(0, mostListed).map(formatRange);
  return [...listed, ...(more > 0 ? [`and ${counted(more, 'more range')}`] : [])].join(', ');
}
