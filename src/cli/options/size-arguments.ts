/** Parses option values that are sizes or ranges. Pure. */
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
