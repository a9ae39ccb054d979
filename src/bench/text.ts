/** A benchmark as text for the console, as Markdown, and as CSV. Pure. */
import { columns } from '../model/text/columns.js';
import { printableLine } from '../model/text/printable.js';
import { code, plain, table } from '../report/formats/markdown-text.js';
import type { BenchDocument, Comparison, ScenarioResult } from './document.js';
import { figures } from './figures.js';
import {
  comparisonHead,
  comparisonRow,
  designText,
  figureHead,
  figureRows,
  noiseText,
  remarksOf,
  sideText,
} from './rows.js';

/** @param hasSparks the reader sees a terminal that shows UTF-8 */
export function benchLines(document: BenchDocument, hasSparks = false): string[] {
  const { sides, scenarios, warnings, host, isPartial } = document;
  const labels = sides.map(({ label }) => label);
  return [
    `drover ${document.drover} bench: ${designText(document)}`,
    ...sides.map((side) => printableLine(sideText(side))),
    printableLine(`host: ${host.cpu}, ${host.cores} cores, Linux ${host.kernel}`),
    ...warnings.map((warning) => printableLine(`warning: ${warning}`)),
    ...scenarios.flatMap((result) => {
      const rows = figureRows(result.samples, labels, hasSparks);
      return [
        '',
        printableLine(`${result.scenario.name} (${result.machine}, ${result.accel})`),
        ...remarksOf(result, document).map((remark) => `  ${printableLine(remark)}`),
        ...(rows.length === 0 ? [] : columns([figureHead(labels, hasSparks), ...rows])),
        ...comparisonLines(result.comparisons, comparisonHead('B against A', 'pairs')),
      ];
    }),
    ...noiseLines(document),
    ...(isPartial ? ['', 'partial: not all samples were measured'] : []),
  ];
}

export function comparisonLines(
  comparisons: readonly Comparison[],
  head: readonly string[],
): string[] {
  if (comparisons.length === 0) return [];
  return columns([head, ...comparisons.map(comparisonRow)]);
}

function noiseLines({ isSelfTest, scenarios }: BenchDocument): string[] {
  if (!isSelfTest) return [];
  const noises = scenarios.flatMap(({ scenario, comparisons }) =>
    comparisons.flatMap((comparison) => {
      const noise = noiseText(comparison);
      const name = figures.find(({ key }) => key === comparison.figure)?.name ?? '';
      return noise === undefined ? [] : [`  ${printableLine(scenario.name)}, ${name}: ${noise}`];
    }),
  );
  return noises.length === 0
    ? []
    : [
        '',
        'noise of this host with this number of pairs (half the width of the interval):',
        ...noises,
      ];
}

export function benchMarkdown(document: BenchDocument): string {
  const { sides, scenarios, warnings, host } = document;
  const labels = sides.map(({ label }) => label);
  const blocks = [
    `### drover bench${document.isPartial ? ' (partial)' : ''}`,
    [
      plain(designText(document)),
      ...sides.map((side) => plain(sideText(side))),
      plain(`host: ${host.cpu}, ${host.cores} cores, Linux ${host.kernel}`),
      ...warnings.map((warning) => plain(`warning: ${warning}`)),
    ]
      .map((line) => `- ${line}`)
      .join('\n'),
    ...scenarios.flatMap((result) => scenarioBlocks(result, document, labels)),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function scenarioBlocks(
  result: ScenarioResult,
  document: BenchDocument,
  labels: Parameters<typeof figureHead>[0],
): string[] {
  const { comparisons, samples, scenario } = result;
  const cells = (rows: readonly (readonly string[])[]): string[][] =>
    rows.map((row) => row.map(plain));
  const rows = figureRows(samples, labels);
  return [
    `#### ${code(scenario.name)}`,
    ...remarksOf(result, document).map(plain),
    ...(comparisons.length === 0
      ? []
      : [table(comparisonHead('B against A', 'pairs'), cells(comparisons.map(comparisonRow)))]),
    ...(rows.length === 0 ? [] : [table(figureHead(labels), cells(rows))]),
  ];
}

/** One line for each sample. Names of columns are those of the JSON document. */
export function benchCsv({ scenarios }: BenchDocument): string {
  const keys = figures.map(({ key }) => key);
  const rows = scenarios.flatMap(({ scenario, samples }) =>
    samples.map(({ label, pair, measured, failure }) => [
      scenario.name,
      label,
      String(pair),
      failure?.code ?? '',
      String(measured?.isForced ?? ''),
      ...keys.map((key) => String(measured?.[key] ?? '')),
    ]),
  );
  const head = ['scenario', 'side', 'pair', 'failure', 'forced', ...keys];
  return [head, ...rows].map((row) => `${row.map(csvCell).join(',')}\r\n`).join('');
}

/** RFC 4180 */
function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
