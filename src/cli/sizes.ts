/** Sizes, addresses and ranges as people write and read them. Pure. */
import { InvalidArgumentError } from 'commander';

export interface Range {
  readonly start: number;
  /** exclusive */
  readonly end: number;
}

export const hex = (value: number): string => `0x${value.toString(16)}`;

const units = ['', 'K', 'M', 'G', 'T', 'P'];
const pattern = /^(?:(0x[0-9a-f]+)|(\d+)([kmgtp]?)(?:i?b)?)$/i;

/** `4096`, `0x1000`, `4K`, `4KiB`; units are powers of 1024. undefined when it is none of these. */
export function parseSize(text: string): number | undefined {
  const [, hexadecimal, decimal, unit = ''] = pattern.exec(text.trim()) ?? [];
  if (hexadecimal === undefined && decimal === undefined) return undefined;
  const value = Number(hexadecimal ?? decimal) * 1024 ** units.indexOf(unit.toUpperCase());
  return Number.isSafeInteger(value) ? value : undefined;
}

export function sizeArgument(text: string): number {
  const value = parseSize(text);
  if (value === undefined) {
    throw new InvalidArgumentError(
      `expected a number such as 4096, 0x1000 or 4K, below 2^53, not '${text}'.`,
    );
  }
  return value;
}

/** `START-END`, the end exclusive, or `START+LENGTH` */
export function rangeArgument(text: string): Range {
  const [, first = '', sign, second = ''] = /^([^-+]+)([-+])([^-+]+)$/.exec(text) ?? [];
  const start = parseSize(first);
  const other = parseSize(second);
  const end = start !== undefined && other !== undefined && sign === '+' ? start + other : other;
  if (start === undefined || end === undefined || !Number.isSafeInteger(end) || start >= end) {
    throw new InvalidArgumentError(
      `expected START-END with START below END, or START+LENGTH, such as 0x100000-0x6400000 or 1M-100M, not '${text}'.`,
    );
  }
  return { start, end };
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

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
