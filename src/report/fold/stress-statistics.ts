/** Statistics over the rounds of a stress run, as a table. Pure. */
import { max, median, min, quantile } from 'simple-statistics';
import type { OwnUse, RoundFigures } from '../../model/stress.js';
import { counted, formatCount, formatDuration } from '../../model/text/format.js';

/** Keeps only a few numbers per round, since a run may last for days. */
export class StressStatistics {
  readonly #rounds: RoundFigures[] = [];
  #first: OwnUse | undefined;
  #last: OwnUse | undefined;

  add({ drover, ...figures }: RoundFigures & { readonly drover: OwnUse }): void {
    this.#rounds.push(figures);
    this.#first ??= drover;
    this.#last = drover;
  }

  lines(): string[] {
    if (this.#rounds.length === 0) return [];
    const rows = measures.flatMap(({ name, of, show }) => {
      const values = this.#rounds.flatMap((figures) => of(figures) ?? []);
      if (values.length === 0) return [];
      const cells = [min(values), median(values), quantile(values, 0.95), max(values)].map(show);
      return [`  ${name.padEnd(nameWidth)}${cells.map((cell) => cell.padStart(12)).join('')}`];
    });
    const forced = this.#rounds.filter((figures) => figures.forced).length;
    const head = ['min', 'median', '95 %', 'max'].map((cell) => cell.padStart(12)).join('');
    return [
      '',
      `  ${'over the rounds that passed'.padEnd(nameWidth)}${head}`,
      ...rows,
      ...(forced === 0
        ? []
        : [
            `  in ${forced} of ${counted(this.#rounds.length, 'round')} Drover raised the downtime limit`,
          ]),
      ...this.#ownLines(),
    ];
  }

  #ownLines(): string[] {
    if (this.#first === undefined || this.#last === undefined) return [];
    const show = ({ memoryBytes, descriptors }: OwnUse): string =>
      `${(memoryBytes / 1024 ** 2).toFixed(0)} MiB and ${descriptors} descriptors`;
    return [
      `  Drover itself: ${show(this.#first)} after the first round, ${show(this.#last)} after the last`,
    ];
  }
}

/** The text of one round's line. */
export function roundText(figures: RoundFigures): string {
  const { migrationMs, downtimeMs, forced, verifiedPages, verifyMs } = figures;
  return [
    `migrated in ${formatDuration(migrationMs)}`,
    ...(downtimeMs === undefined
      ? []
      : [`downtime ${formatDuration(downtimeMs)}${forced ? ' (limit raised)' : ''}`]),
    `${formatCount(verifiedPages)} pages verified in ${formatDuration(verifyMs)}`,
  ].join(', ');
}

interface Measure {
  readonly name: string;
  readonly of: (figures: RoundFigures) => number | undefined;
  readonly show: (value: number) => string;
}

const nameWidth = 30;
const pageBytes = 4096;

const perSecond = (bytes: number, ms: number): number | undefined =>
  ms > 0 ? (bytes / ms) * 1000 : undefined;

const showRate = (rate: number): string =>
  rate >= 1e9 ? `${(rate / 1e9).toFixed(2)} GB/s` : `${(rate / 1e6).toFixed(1)} MB/s`;

const measures: readonly Measure[] = [
  { name: 'migration', of: (round) => round.migrationMs, show: formatDuration },
  { name: 'downtime, as QEMU reports it', of: (round) => round.downtimeMs, show: formatDuration },
  {
    name: 'sent',
    of: (round) => perSecond(round.transferredBytes ?? 0, round.migrationMs),
    show: showRate,
  },
  { name: 'iterations', of: (round) => round.passes, show: (value) => value.toFixed(0) },
  { name: 'verification', of: (round) => round.verifyMs, show: formatDuration },
  {
    name: 'verified',
    of: (round) => perSecond(round.verifiedPages * pageBytes, round.verifyMs),
    show: showRate,
  },
];
