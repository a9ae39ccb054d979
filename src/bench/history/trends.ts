/** The histories of a host as series: one for each scenario, guest, side and figure. Pure. */
import { groupBy } from '../../model/group-by.js';
import { printableLine } from '../../model/text/printable.js';
import { figures } from '../figures.js';
import type { Figure } from '../figures.js';
import { changePoints } from './change-points.js';
import type { ChangePoint } from './change-points.js';
import type { HistoryEntry, KeptFigure } from './entry.js';

export interface TrendPoint extends KeptFigure {
  readonly time: string;
  /** `11.1.3 (Debian ...)` */
  readonly qemu: string;
  readonly digest?: string | undefined;
  readonly kernel: string;
  readonly samples: number;
}

export interface Trend {
  readonly figure: Figure;
  readonly points: readonly TrendPoint[];
  readonly changes: readonly ChangePoint[];
}

/** What was measured in the same way each time. */
export interface TrendGroup {
  /**
   * `multifd:4 (x86_64, pc-q35, tcg)`; with two sides `..., B, multifd-compression=zstd` after it
   */
  readonly name: string;
  readonly trends: readonly Trend[];
}

const seed = 1;

export function trendGroups(entries: readonly HistoryEntry[], threshold: number): TrendGroup[] {
  const results = entries.flatMap((entry) =>
    entry.results.map((result) => ({ entry, result, name: nameOf(entry, result) })),
  );
  return [...groupBy(results, ({ name }) => name)].map(([name, own]) => ({
    name,
    trends: figures.flatMap((figure): Trend[] => {
      const points = own.flatMap(({ entry, result }): TrendPoint[] => {
        const kept = result.figures[figure.key];
        const side = entry.sides.find(({ label }) => label === result.label);
        if (kept === undefined) return [];
        return [
          {
            ...kept,
            time: entry.time,
            qemu: side === undefined ? '' : printableLine(`${side.version} ${side.package}`),
            digest: side?.digest,
            kernel: entry.host.kernel,
            samples: result.samples,
          },
        ];
      });
      if (points.length === 0) return [];
      const values = points.map(({ median }) => median);
      // a level of 0 has no ratio to another
      const isPositive = values.every((value) => value > 0);
      const changes = isPositive ? changePoints(values, threshold, seed) : [];
      return [{ figure, points, changes }];
    }),
  }));
}

/** A new QEMU has new versions of its machine types, and a history compares QEMUs. */
const withoutVersion = (machine: string): string => machine.replace(/-(?:rhel)?\d+(?:\.\d+)+$/, '');

function nameOf(
  { sides }: HistoryEntry,
  { scenario, machine, accel, label }: HistoryEntry['results'][number],
): string {
  const own = sides.find((side) => side.label === label);
  const parameters = Object.entries(own?.parameters ?? {}).map(
    ([key, value]) => `${key}=${String(value)}`,
  );
  const guest = [...(own?.arch === undefined ? [] : [own.arch]), withoutVersion(machine), accel];
  const parts = [
    `${scenario} (${guest.join(', ')})`,
    ...(label === 'B' ? ['B'] : []),
    ...parameters.sort(),
  ];
  return printableLine(parts.join(', '));
}

/** What changed besides the figure between two points: `QEMU 11.1.2 to 11.1.3, kernel ...`. */
export function differencesText(before: TrendPoint, after: TrendPoint): string {
  const both = (name: string, from: string, to: string): string[] =>
    from === to ? [] : [`${name} ${from} to ${to}`];
  const builds =
    before.qemu === after.qemu && before.digest !== after.digest ? ['another build of QEMU'] : [];
  const all = [
    ...both('QEMU', before.qemu, after.qemu),
    ...builds,
    ...both('kernel', before.kernel, after.kernel),
  ];
  return all.length === 0 ? 'neither QEMU nor the kernel changed' : all.join(', ');
}
