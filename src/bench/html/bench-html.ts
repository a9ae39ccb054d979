/**
 * A benchmark as one HTML file: static drawings and tables, which need no script and no network. Its
 * text comes from QEMU and from users.
 */
import { counted } from '../../model/text/format.js';
import { columnHead, element, escaped } from '../../report/html-text.js';
import type { BenchDocument } from '../document.js';
import type { BenchVerdict } from '../verdict.js';
import { designText, percent, sideText, untilText, verdictText } from '../rows.js';
import { costFigure, scalingFigures } from './across-plots.js';
import { facts, scrollTable } from './parts.js';
import { pagePieces } from './page.js';
import { judgedFigures } from './runs.js';
import { scenarioId, scenarioSection } from './scenario-section.js';

/** The pieces joined are the file. */
export function* benchHtmlPieces(document: BenchDocument): Generator<string> {
  const title = `drover bench${document.isPartial ? ' (partial)' : ''}`;
  const head = { title, summary: summaryOf(document), remark: designText(document) };
  yield* pagePieces(head, contentOf(document));
}

function* contentOf(document: BenchDocument): Generator<string> {
  yield problems(document);
  yield overview(document);
  const across = [...scalingFigures(document), costFigure(document)];
  yield `<h2>Over all scenarios</h2>\n<div class="drawings">${across.join('\n')}</div>\n`;
  for (const [index, result] of document.scenarios.entries()) {
    yield* scenarioSection(result, index, document);
  }
  yield about(document);
}

const words: Readonly<Record<BenchVerdict, string>> = {
  slower: 'slower',
  faster: 'faster',
  same: 'the same',
  'not-enough-data': 'not enough data',
};

/** Such as `2 slower, 1 faster, 3 the same`, of all comparisons. Pure. */
export function summaryOf({ scenarios, sides }: BenchDocument): string {
  if (sides.length < 2) {
    const count = scenarios.flatMap(({ samples }) => samples).length;
    return `${counted(count, 'migration')} in ${counted(scenarios.length, 'scenario')}`;
  }
  const verdicts = scenarios.flatMap(({ comparisons }) =>
    comparisons.map(({ verdict }) => verdict),
  );
  const counts = (Object.keys(words) as BenchVerdict[]).flatMap((verdict) => {
    const count = verdicts.filter((each) => each === verdict).length;
    return count === 0 ? [] : [`${count} ${words[verdict]}`];
  });
  return counts.length === 0 ? 'nothing was compared' : `B against A: ${counts.join(', ')}`;
}

function problems({ isPartial, scenarios, warnings }: BenchDocument): string {
  const failures = scenarios.flatMap(({ samples }) => samples.filter(({ failure }) => failure));
  const skipped = scenarios.filter((each) => each.skipped !== undefined).length;
  const lines = [
    ...(isPartial ? ['This report is partial: not all samples were measured.'] : []),
    ...(failures.length === 0 ? [] : [`${counted(failures.length, 'migration')} failed.`]),
    ...(skipped === 0 ? [] : [`${counted(skipped, 'scenario')} skipped.`]),
    ...warnings,
  ];
  if (lines.length === 0) return '';
  return `<div class="problems"><strong>Note</strong><ul>${lines.map((line) => element('li', line)).join('\n')}</ul></div>\n`;
}

/** One row for each scenario, which leads to its section. */
function overview(document: BenchDocument): string {
  const { scenarios, sides } = document;
  const heads = judgedFigures.flatMap(({ name }) =>
    sides.length > 1 ? [columnHead(name), columnHead('verdict')] : [],
  );
  const rows = scenarios.map(({ scenario, comparisons, samples, skipped }, index) => {
    const cells = judgedFigures.flatMap(({ key }) => {
      if (sides.length < 2) return [];
      const found = comparisons.find(({ figure }) => figure === key);
      if (found === undefined) return ['<td></td><td></td>'];
      const { low, high, change, verdict } = found;
      const interval =
        low === undefined || high === undefined
          ? ''
          : `<span class="interval">${escaped(`${percent(low)} to ${percent(high)}`)}</span>`;
      return [
        `<td>${escaped(percent(change))}${interval}</td><td class="${escaped(verdict)}">${escaped(verdictText(found))}</td>`,
      ];
    });
    const failed = samples.filter(({ failure }) => failure !== undefined).length;
    const state = skipped === undefined ? `${samples.length - failed} samples` : 'skipped';
    const remark = failed === 0 ? state : `${state}, ${failed} failed`;
    return `<tr><th scope="row"><a href="#${scenarioId(index)}">${escaped(scenario.name)}</a></th>${cells.join('')}${element('td', remark)}</tr>`;
  });
  return `<div class="overview">${scrollTable(
    sides.length > 1 ? 'Change of B against A, with its interval of 95 %' : 'Scenarios',
    `<tr>${columnHead('scenario')}${heads.join('')}${columnHead('samples')}</tr>`,
    rows,
  )}</div>`;
}

/** What was measured where and how. */
function about(document: BenchDocument): string {
  const { sides, host, hostState, time, drover, seed, threshold, rerun, isSelfTest } = document;
  const percents = (share: number | undefined): string | undefined =>
    share === undefined ? undefined : `${(100 * share).toFixed(1)} %`;
  return `<section id="about"><h2>QEMU, host and design</h2>
${facts(sides.map((side) => [`side ${side.label}`, [sideText(side).slice(3), side.qemu.digest === undefined ? '' : `SHA-256 ${side.qemu.digest}`].filter(Boolean).join('; ')]))}
${facts([
  ['begun', time],
  ['drover', drover],
  ['design', isSelfTest ? 'A against itself' : undefined],
  ['pairs', `${untilText(document.untilWidth)}${document.pairs}`],
  ['seed of the order', sides.length > 1 ? String(seed) : undefined],
  ['threshold', sides.length > 1 ? percents(threshold) : undefined],
  [
    'host',
    `${host.hostname}: ${host.cpu}, ${host.cores} cores, ${(host.memoryBytes / 1e9).toFixed(1)} GB`,
  ],
  ['kernel', `Linux ${host.kernel}`],
  ['Node.js', host.node],
  ['load at the start', hostState.load?.toFixed(1)],
  ['steal', percents(hostState.steal)],
  ['frequency governor', hostState.governor],
  ['turbo', hostState.turbo === undefined ? undefined : String(hostState.turbo)],
  ['transparent huge pages', hostState.transparentHugePages],
  ['KSM', hostState.ksm === undefined ? undefined : hostState.ksm ? 'on' : 'off'],
  ['processor limit', hostState.processorLimit?.toString()],
  ['the same again', rerun],
])}
</section>
`;
}
