/** Parses option values that are sizes, ranges or times. Pure. */
import { InvalidArgumentError } from 'commander';
import { parseSize } from '../../model/text/sizes.js';
import type { Range } from '../../model/text/sizes.js';

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

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/**
 * reads `90s`, `30m` or `1h30m`, and a number alone as seconds @returns a function that gives
 * milliseconds
 */
export function timeUpTo(days: number): (text: string) => number {
  return (text) => {
    const isWithUnits = /^(?:\d+(?:\.\d+)?[smhd])+$/.test(text);
    const parts = isWithUnits ? [...text.matchAll(/([\d.]+)([smhd])/g)] : [['', text, 's']];
    const seconds = parts.reduce(
      (sum, [, count = '', unit = '']) => sum + Number(count) * (unitSeconds[unit] ?? NaN),
      0,
    );
    if (seconds > 0 && seconds <= days * 86_400) return seconds * 1000;
    throw new InvalidArgumentError(
      `expected a time above 0 and up to ${days} days, such as 90s, 30m, 2h or 1h30m; a number alone is seconds; not '${text}'.`,
    );
  };
}
