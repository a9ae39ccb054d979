/** A comparison of the device state of two QEMUs as one HTML file that needs nothing else. */
import { element, escaped } from '../../report/html-text.js';
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

const style = `
:root { color-scheme: light dark; --text: #1b1b1b; --page: #fff; --line: #b8b8b8; --head: #f0f0f0;
  --must: #fbdcdc; --may: #fbf2d4; }
@media (prefers-color-scheme: dark) { :root { --text: #e8e8e8; --page: #161616; --line: #555; --head: #262626;
  --must: #5a1a1a; --may: #443a10; } }
body { font: 1rem/1.45 system-ui, sans-serif; color: var(--text); background: var(--page); margin: 2rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0; }
caption { text-align: left; font-weight: bold; padding-bottom: .4rem; }
th, td { border: 1px solid var(--line); padding: .4rem .7rem; text-align: left; vertical-align: top; }
th { background: var(--head); }
.must { background: var(--must); } .may { background: var(--may); }
`;

const cell = (text: string): string => element('td', text);
const heads = (names: readonly string[]): string =>
  `<thead><tr>${names.map((name) => `<th scope="col">${escaped(name)}</th>`).join('')}</tr></thead>`;

function table(caption: string, names: readonly string[], rows: readonly string[]): string {
  return `<div class="wide"><table><caption>${escaped(caption)}</caption>
${heads(names)}
<tbody>${rows.join('\n')}</tbody></table></div>
`;
}

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
  yield `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
${element('title', title)}
<style>${style}</style></head>
<body>
${element('h1', title)}
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
