/** What a sweep went over and what came of it, as one HTML file. */
import { groupBy } from '../../model/group-by.js';
import { shellQuote } from '../../model/shell.js';
import type { SweepChange } from '../../sweep/baseline.js';
import type { NamedOutcome, SweepDocument } from '../../sweep/document.js';
import { isFault, sweepOutcomeKinds } from '../../sweep/outcome.js';
import type { SweepOutcomeKind } from '../../sweep/outcome.js';
import { changeLines, countKinds, evidenceOf, kindWords, summaryLine } from '../../sweep/text.js';
import { documentStart, element, escaped, table } from '../html-text.js';

export interface SweepRow extends NamedOutcome {
  /** heading of its table */
  readonly group: string;
  /** one more cell: what it is */
  readonly about: string;
  readonly arguments: readonly string[];
  readonly durationMs: number;
}

export interface SweepPage {
  /** such as `Devices`, and `device`, the one of them */
  readonly title: string;
  readonly noun: string;
  /** what both sides have in common */
  readonly intro: string;
  /** heading of `about` */
  readonly about: string;
  /** heading of the groups */
  readonly group: string;
}

/** the class of a cell, which gives it its colour */
const classes: Readonly<Record<SweepOutcomeKind, string>> = {
  equal: 'passed',
  differs: 'failed',
  refused: 'failed',
  crashed: 'failed',
  'timed-out': 'failed',
  broken: 'broken',
  'not-migratable': 'may',
  'cannot-start': 'left-out',
};

const cell = (text: string): string => element('td', text);

/** The pieces joined are the file. */
export function* sweepHtmlPieces(
  page: SweepPage,
  document: SweepDocument<unknown>,
  rows: readonly SweepRow[],
  changes?: readonly SweepChange[],
): Generator<string> {
  const { source, destination, drover } = document;
  yield `${documentStart(`${page.title} from QEMU ${source.version} to ${destination.version}`)}
${element('p', summaryLine(document, page.noun))}
${element('p', `${page.intro}, drover ${drover}.`)}
`;
  const qemus = [['Source', source] as const, ['Destination', destination] as const].map(
    ([side, { version, package: build, command }]) =>
      `<tr><th scope="row">${side}</th>${[version, build, command].map(cell).join('')}</tr>`,
  );
  yield table('QEMUs', ['Side', 'Version', 'Package', 'Command'], qemus);
  if (changes !== undefined) {
    yield element('h2', 'Changes since the baseline');
    yield `${element('pre', changeLines(changes).join('\n'))}\n`;
  }
  const faults = sweepOutcomeKinds
    .filter(isFault)
    .flatMap((kind) => rows.filter(({ outcome }) => outcome.kind === kind));
  const one = page.noun.replace(/^./, (letter) => letter.toUpperCase());
  const head = [one, page.about, 'Outcome', 'Evidence'];
  if (faults.length > 0) yield table('Faults', head, faults.map(row));
  yield overview(page, document.summary, rows);
  for (const [group, members] of groupBy(rows, (result) => result.group)) {
    yield table(group, head, members.map(row));
  }
  yield element('h2', 'Evidence');
  for (const kind of sweepOutcomeKinds) {
    for (const result of rows) if (result.outcome.kind === kind) yield section(result);
  }
  yield '</body></html>\n';
}

/** How many of each group came to each outcome. */
function overview(
  { title, group: groupHead }: SweepPage,
  summary: SweepDocument<unknown>['summary'],
  results: readonly SweepRow[],
): string {
  const kinds = sweepOutcomeKinds.toReversed().filter((kind) => summary[kind] > 0);
  const rows = [...groupBy(results, (result) => result.group)].map(([group, members]) => {
    const counts = countKinds(members);
    const cells = kinds.map((kind) => {
      const count = counts[kind];
      return count === 0 ? '<td></td>' : `<td class="${classes[kind]}">${count}</td>`;
    });
    return `<tr><th scope="row">${escaped(group)}</th>${cells.join('')}</tr>`;
  });
  const caption = `${title} by ${groupHead.toLowerCase()}`;
  return table(caption, [groupHead, ...kinds.map((kind) => kindWords[kind])], rows);
}

const idOf = (name: string): string => escaped(name).replaceAll(' ', '-');

function row({ name, about, outcome }: SweepRow): string {
  const word = `<td class="${classes[outcome.kind]}"><strong>${kindWords[outcome.kind]}</strong></td>`;
  const link = `<a href="#of-${idOf(name)}">${escaped(name)}</a>`;
  return `<tr><th scope="row">${link}</th>${cell(about)}${word}${cell(evidenceOf(outcome).brief)}</tr>`;
}

function section({ name, outcome, arguments: args, durationMs }: SweepRow): string {
  const { brief, lines } = evidenceOf(outcome);
  const notes =
    outcome.kind === 'equal' || outcome.kind === 'differs'
      ? [
          `${outcome.blocks} RAM blocks, ${outcome.ramBytes} bytes, ${outcome.functions} PCI functions`,
          ...outcome.expected.map((line) => `expected: ${line}`),
          ...outcome.notCompared.map((line) => `not compared: ${line}`),
        ]
      : [];
  const all = [
    `${kindWords[outcome.kind]}: ${brief}`,
    ...lines,
    ...notes,
    `arguments: ${args.map(shellQuote).join(' ')}`,
    `${durationMs} ms`,
  ];
  return `<section id="of-${idOf(name)}">
${element('h3', name)}
${element('pre', all.join('\n'))}
</section>
`;
}
