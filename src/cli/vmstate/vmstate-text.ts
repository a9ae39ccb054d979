/** A comparison of the device state of two QEMUs as text: the summary, then device by device. */
import { printableLine } from '../../model/text/printable.js';
import type { DeviceDifferences, Difference, Effect } from '../../vmstate/differences.js';
import { arrow, deviceTitle, severityWords, summaryLines } from './vmstate-report.js';
import type { ComparedQemu, VmstateReport } from './vmstate-report.js';

const qemuLine = (label: string, { command, version, devices }: ComparedQemu): string =>
  printableLine(`${label}: QEMU ${version}, ${devices} devices (${command})`);

export function vmstateLines(report: VmstateReport): string[] {
  return [
    qemuLine('A', report.a),
    qemuLine('B', report.b),
    `machine ${printableLine(report.machine)}`,
    ...summaryLines(report),
    ...(report.devices.length === 0 ? ['no difference'] : []),
    ...report.devices.flatMap(deviceLines),
  ];
}

function deviceLines(device: DeviceDifferences): string[] {
  return ['', printableLine(deviceTitle(device)), ...device.differences.flatMap(differenceLines)];
}

function differenceLines(difference: Difference): string[] {
  const { kind, path, a, b } = difference;
  const what = `${kind.replaceAll('-', ' ')}${path === '' ? '' : ` ${path}`}: ${a} -> ${b}`;
  return [`  ${printableLine(what)}`, ...effectLines(difference)];
}

function effectLines({ forward, backward }: Difference): string[] {
  const line = (where: string, { severity, reason }: Effect): string =>
    `    ${where}: ${severityWords[severity]}. ${printableLine(reason)}`;
  const isSame = forward.severity === backward.severity && forward.reason === backward.reason;
  if (isSame) return [line('both ways', forward)];
  return [line(arrow('forward'), forward), line(arrow('backward'), backward)];
}
