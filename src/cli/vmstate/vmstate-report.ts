/** A comparison of the device state of two QEMUs, counted, and as JSON. */
import type { QemuFeatures } from '../../model/features.js';
import { counted } from '../../model/text/format.js';
import { worst } from '../../vmstate/differences.js';
import type { DeviceDifferences, Severity } from '../../vmstate/differences.js';

export interface ComparedQemu {
  readonly command: string;
  readonly version: string;
  readonly package: string;
  /** devices that its dump describes */
  readonly devices: number;
}

export interface VmstateReport {
  readonly drover: string;
  readonly machine: string;
  readonly a: ComparedQemu;
  readonly b: ComparedQemu;
  readonly devices: readonly DeviceDifferences[];
}

export const directions = ['forward', 'backward'] as const;
export type Direction = (typeof directions)[number];

export const comparedQemu = (
  command: string,
  { version, package: build }: QemuFeatures,
  devices: number,
): ComparedQemu => ({ command, version, package: build, devices });

/** such as `A to B` */
export const arrow = (direction: Direction): string =>
  direction === 'forward' ? 'A to B' : 'B to A';

export function severityOf({ differences }: DeviceDifferences, direction: Direction): Severity {
  return worst(differences.map((one) => one[direction]));
}

export function mustBreak({ devices }: VmstateReport): boolean {
  return devices.some((device) =>
    directions.some((direction) => severityOf(device, direction) === 'must'),
  );
}

/** how many devices have it as the worst in a direction */
function countOf({ devices }: VmstateReport, direction: Direction, severity: Severity): number {
  return devices.filter((device) => severityOf(device, direction) === severity).length;
}

export const severityWords: Readonly<Record<Severity, string>> = {
  must: 'must break',
  may: 'may break',
  harmless: 'harmless',
};

export const deviceTitle = ({ device }: DeviceDifferences): string =>
  device === '' ? 'machine' : device;

/** One line for each direction. */
export function summaryLines(report: VmstateReport): string[] {
  return directions.map((direction) => {
    const [must, may] = (['must', 'may'] as const).map((one) => countOf(report, direction, one));
    return `${arrow(direction)}: must break for ${counted(must ?? 0, 'device')}, may break for ${may ?? 0}`;
  });
}

export function vmstateJson(report: VmstateReport): string {
  const { devices, ...head } = report;
  const summary = Object.fromEntries(
    directions.map((direction) => [
      direction,
      Object.fromEntries(
        (['must', 'may', 'harmless'] as const).map((one) => [one, countOf(report, direction, one)]),
      ),
    ]),
  );
  return `${JSON.stringify({ vmstate: 1, ...head, summary, devices }, null, 2)}\n`;
}
