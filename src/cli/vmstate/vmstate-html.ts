/** A comparison of the device state of two QEMUs as one HTML file. */
import { documentStart, element, escaped, table } from '../../report/html-text.js';
import type { DeviceDifferences, Difference, Effect } from '../../vmstate/differences.js';
import {
  arrow,
  deviceTitle,
  directions,
  severityOf,
  severityWords,
  summaryLines,
} from './vmstate-report.js';
import type { VmstateReport } from './vmstate-report.js';

const cell = (text: string): string => element('td', text);

function effectCell({ severity, reason }: Effect): string {
  return `<td class="${severity}"><strong>${severityWords[severity]}</strong>: ${escaped(reason)}</td>`;
}

function differenceRow({ kind, path, a, b, forward, backward }: Difference): string {
  const what = [kind.replaceAll('-', ' '), path, a, b].map(cell).join('');
  return `<tr>${what}${effectCell(forward)}${effectCell(backward)}</tr>`;
}

function overviewRow(device: DeviceDifferences, index: number): string {
  const cells = directions.map((direction) => {
    const severity = severityOf(device, direction);
    return `<td class="${severity}">${severityWords[severity]}</td>`;
  });
  const title = escaped(deviceTitle(device));
  return `<tr><th scope="row"><a href="#device-${index + 1}">${title}</a></th>${cells.join('')}</tr>`;
}

/** The pieces joined are the file. */
export function* vmstateHtmlPieces(report: VmstateReport): Generator<string> {
  const { a, b, machine, devices, drover } = report;
  const title = `Device state of QEMU ${a.version} and ${b.version}`;
  const ways = directions.map(arrow);
  yield `${documentStart(title)}
${summaryLines(report)
  .map((line) => element('p', line))
  .join('\n')}
${element('p', `Machine ${machine}, drover ${drover}.`)}
`;
  const qemus = [['A', a] as const, ['B', b] as const].map(
    ([label, { version, package: build, devices: count, command }]) =>
      `<tr><th scope="row">${label}</th>${[version, build, String(count), command].map(cell).join('')}</tr>`,
  );
  yield table('QEMUs', ['Label', 'Version', 'Package', 'Devices', 'Command'], qemus);
  yield table('Devices with differences', ['Device', ...ways], devices.map(overviewRow));
  for (const [index, device] of devices.entries()) {
    yield `<section id="device-${index + 1}">\n`;
    const rows = device.differences.map(differenceRow);
    yield table(deviceTitle(device), ['Difference', 'Where', 'A', 'B', ...ways], rows);
    yield '</section>\n';
  }
  yield '</body></html>\n';
}
