/** Units of figures, from their keys, for axes and for formats that programs read. Pure. */
import type { FigureKey } from './figures.js';

export interface AxisScale {
  /** as on the axis: `ms`, `MB`; empty for counts */
  readonly unit: string;
  /** values divided by it are in that unit */
  readonly divisor: number;
}

/** the unit of the values themselves */
export function unitOf(key: FigureKey): string {
  if (key === 'megabitsPerSecond') return 'Mbit/s';
  if (key.endsWith('PagesPerSecond')) return 'pages/s';
  if (key.endsWith('Ms')) return 'ms';
  if (key.endsWith('Us')) return 'µs';
  if (key.endsWith('Percent')) return '%';
  return key.endsWith('Bytes') ? 'B' : '';
}

/** Whether less is better; a speed should be high, and everything else costs something. */
export const isLessBetter = (key: FigureKey): boolean => !key.endsWith('PerSecond');

/** Times have a tail, so reports show their 95th percentile. */
export const isTime = (key: FigureKey): boolean => ['ms', 'µs'].includes(unitOf(key));

/** The unit that suits values up to `most`. */
export function scaleOf(key: FigureKey, most: number): AxisScale {
  const unit = unitOf(key);
  if (unit === 'ms' && most >= 10_000) return { unit: 's', divisor: 1000 };
  if (unit === 'B') return bytesScale(most);
  return { unit, divisor: 1 };
}

export function bytesScale(most: number): AxisScale {
  if (most >= 1e10) return { unit: 'GB', divisor: 1e9 };
  return most >= 1e5 ? { unit: 'MB', divisor: 1e6 } : { unit: 'kB', divisor: 1e3 };
}

/** `downtime (ms)` */
export const axisLabel = (name: string, { unit }: AxisScale): string =>
  unit === '' ? name : `${name} (${unit})`;
