/** Samples as a line of blocks, for a terminal that shows UTF-8. Pure. */
import { median } from 'simple-statistics';

const blocks = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;
/** longer lines are medians of neighbours */
const mostBlocks = 24;

/** @param low @param high ends of the scale, the same for all lines that a reader compares */
export function sparkLine(values: readonly number[], low: number, high: number): string {
  const count = Math.min(values.length, mostBlocks);
  const heights = Array.from({ length: count }, (_, index) => {
    const [from, to] = [index, index + 1].map((each) => Math.floor((each * values.length) / count));
    return median(values.slice(from, to));
  });
  const last = blocks.length - 1;
  return heights
    .map((value) => (high > low ? Math.round((last * (value - low)) / (high - low)) : 3))
    .map((height) => blocks[Math.max(0, Math.min(last, height))] ?? '')
    .join('');
}
