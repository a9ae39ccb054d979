/** The devices of a machine and what came of each, as one HTML file. */
import type { DeviceChange } from '../../devices/baseline.js';
import type { DeviceResult, DevicesDocument } from '../../devices/document.js';
import { deviceOutcomeKinds, isFault } from '../../devices/outcome.js';
import type { DeviceOutcomeKind } from '../../devices/outcome.js';
import { changeLines, countKinds, evidenceOf, kindWords, summaryLine } from '../../devices/text.js';
import { groupBy } from '../../model/group-by.js';
import { shellQuote } from '../../model/shell.js';
import { documentStart, element, escaped, table } from '../../report/html-text.js';

/** the class of a cell, which gives it its colour */
const classes: Readonly<Record<DeviceOutcomeKind, string>> = {
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
export function* devicesHtmlPieces(
  document: DevicesDocument,
  changes?: readonly DeviceChange[],
): Generator<string> {
  const { source, destination, machine, drover, results } = document;
  const title = `Devices from QEMU ${source.version} to ${destination.version}`;
  yield `${documentStart(title)}
${element('p', summaryLine(document))}
${element('p', `Machine ${machine}, drover ${drover}.`)}
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
  const faults = deviceOutcomeKinds
    .filter(isFault)
    .flatMap((kind) => results.filter(({ outcome }) => outcome.kind === kind));
  if (faults.length > 0) {
    yield table('Faults', ['Device', 'Bus', 'Outcome', 'Evidence'], faults.map(row));
  }
  yield overview(document);
  for (const [category, members] of groupBy(results, (result) => result.category)) {
    yield table(category, ['Device', 'Bus', 'Outcome', 'Evidence'], members.map(row));
  }
  yield element('h2', 'Evidence');
  for (const kind of deviceOutcomeKinds) {
    for (const result of results) if (result.outcome.kind === kind) yield section(result);
  }
  yield '</body></html>\n';
}

/** How many devices of each category came to each outcome. */
function overview({ results, summary }: DevicesDocument): string {
  const kinds = deviceOutcomeKinds.toReversed().filter((kind) => summary[kind] > 0);
  const rows = [...groupBy(results, (result) => result.category)].map(([category, members]) => {
    const counts = countKinds(members);
    const cells = kinds.map((kind) => {
      const count = counts[kind];
      return count === 0 ? '<td></td>' : `<td class="${classes[kind]}">${count}</td>`;
    });
    return `<tr><th scope="row">${escaped(category)}</th>${cells.join('')}</tr>`;
  });
  return table('Devices by category', ['Category', ...kinds.map((kind) => kindWords[kind])], rows);
}

const idOf = (device: string): string => `device-${escaped(device)}`;

function row({ device, bus = '', outcome }: DeviceResult): string {
  const word = `<td class="${classes[outcome.kind]}"><strong>${kindWords[outcome.kind]}</strong></td>`;
  const link = `<a href="#${idOf(device)}">${escaped(device)}</a>`;
  return `<tr><th scope="row">${link}</th>${cell(bus)}${word}${cell(evidenceOf(outcome).brief)}</tr>`;
}

function section({ device, outcome, arguments: args, durationMs }: DeviceResult): string {
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
  return `<section id="${idOf(device)}">
${element('h3', device)}
${element('pre', all.join('\n'))}
</section>
`;
}
