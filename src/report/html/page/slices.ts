/** The verdicts of both levels as one form to draw: the slice of each writer, and what is damaged in it. */
import type { MemoryVerdict, PageDamage } from '../../../model/verdict.js';
import { hex } from '../../../model/text/format.js';

export interface DrawnDamage {
  readonly start: number;
  /** exclusive */
  readonly end: number;
  readonly pages: number;
  readonly expected: string;
  readonly found: string;
  /** in words; empty where the numbers say all */
  readonly what: string;
}

export interface DrawnSlice {
  readonly start: number;
  /** exclusive */
  readonly end: number;
  readonly generation: number;
  readonly edge: number | null;
  readonly damage: readonly DrawnDamage[];
}

function drawnDamage({
  start,
  end,
  pages,
  kind,
  expected,
  found,
  by,
  from,
  byteOffset,
}: PageDamage): DrawnDamage {
  const more = [
    by === 0 ? '' : ` by ${String(by)}`,
    from === null ? '' : `, belongs to ${hex(from)}`,
    byteOffset === null ? '' : `, from byte ${String(byteOffset)}`,
  ];
  return {
    start,
    end,
    pages,
    expected: String(expected),
    found: found === null ? 'none' : String(found),
    what: `${kind}${more.join('')}`,
  };
}

export function slicesOf(verdict: MemoryVerdict): DrawnSlice[] {
  if (verdict.level === 'slices') {
    return verdict.slices.map(({ start, end, generation, edge, damage }) => ({
      start,
      end,
      generation,
      edge,
      damage: damage.map(drawnDamage),
    }));
  }
  const { range, generation, edge, damage } = verdict;
  const drawn = damage.map(({ start, end, pages, expected, found }) => ({
    start,
    end,
    pages,
    expected: String(expected),
    found: String(found),
    what: '',
  }));
  return [{ start: range.start, end: range.end, generation, edge, damage: drawn }];
}
