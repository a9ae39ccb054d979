/** What a source is, in a line or two: common to scan, inspect and diff. Pure. */
import type { Container } from '../containers/unpack.js';
import type { OfflineSource } from './offline-source.js';
import { usage } from '../bad-source.js';
import { showName } from '../offline-output.js';
import { counted } from '../../../model/text/format.js';
import { printableLine } from '../../../model/text/printable.js';
import type { OfflinePaint } from '../offline-output.js';

export interface SourceFacts {
  readonly label: string;
  readonly format: string;
  /** what the memory was packed in, the outermost first */
  readonly containers: readonly Container[];
  readonly machine: string | null;
  /** migration streams only */
  readonly completeness: string | null;
  readonly warnings: number;
  /** why the file is not sound, though it could be read */
  readonly trouble: string | null;
}

export function sourceFacts(source: OfflineSource): SourceFacts {
  const { image, label, containers } = source;
  const { report } = image;
  return {
    label,
    format: image.format,
    containers,
    machine: report?.machine ?? null,
    completeness: report?.completeness ?? null,
    warnings: report?.warningsTotal ?? 0,
    trouble: trouble(source) ?? null,
  };
}

/** A damaged or unfinished file: never clean, whatever its pages say. */
export function trouble({ image, problem: packing }: OfflineSource): string | undefined {
  const { problem, report } = image;
  if (packing !== undefined) return packing;
  if (problem !== null) return `${problem.reason}, at offset ${problem.offset}`;
  if (report === null) return undefined;
  const { stopped, completeness, completenessReason, endOffset } = report;
  if (stopped) return `${stopped.reason}, at offset ${stopped.offset}`;
  if (completeness === 'incomplete') return completenessReason;
  // Such a file cannot be distinguished from one that was cut short there.
  return completeness === 'ramCompleteTailUnparsed'
    ? `RAM is all there, but ${completenessReason}, from offset ${endOffset} on`
    : undefined;
}

export function isDevicesAlone({ image }: OfflineSource): boolean {
  return image.report?.completeness === 'devicesAlone';
}

/** @param instead what the user can do */
export function requireMemory(
  source: OfflineSource,
  instead = 'drover inspect shows it, drover diff compares it with that of another stream',
): void {
  if (!isDevicesAlone(source)) return;
  throw usage(
    `${source.label}: holds device state and no RAM (xen-save-devices-state writes such files); ${instead}`,
  );
}

const formatTexts: Readonly<Record<string, string>> = {
  raw: 'raw memory (it has no mark of any other format)',
  elf: 'ELF dump',
  kdump: 'kdump-compressed dump',
  'win-dmp': 'Windows crash dump',
  lime: 'LiME file',
  stream: 'migration stream',
};

const completenessTexts: Readonly<Record<string, string>> = {
  complete: 'complete',
  backgroundSnapshot: 'a complete background snapshot',
  devicesAlone: 'device state without RAM (xen-save-devices-state)',
  ramCompleteTailUnparsed: 'RAM complete, the devices behind it could not be walked',
  incomplete: 'incomplete',
};

export function sourceText(
  facts: SourceFacts,
  wrong: string | undefined,
  paint: OfflinePaint,
): string[] {
  const { completeness, machine } = facts;
  const details = [
    ...(machine === null ? [] : [`of machine ${showName(machine)}`]),
    ...(completeness === null ? [] : [completenessTexts[completeness] ?? completeness]),
    ...(facts.warnings > 0 ? [`${counted(facts.warnings, 'warning')} (see drover inspect)`] : []),
  ];
  const format = formatTexts[facts.format] ?? facts.format;
  return [
    `${paint.strong(facts.label)}: ${[...facts.containers.map(containerText), format, ...details].join(', ')}`,
    ...(wrong === undefined ? [] : [paint.damaged(`not whole: ${showName(wrong)}`)]),
  ];
}

function containerText(container: Container): string {
  switch (container.kind) {
    case 'libvirt save image': {
      const { version, wasRunning, compression, complete } = container;
      const facts = [
        `version ${version}`,
        `format ${compression}`,
        `the domain was ${wasRunning ? 'running' : 'paused'}`,
      ];
      return `libvirt save image (${[...facts, ...(complete ? [] : ['marked as incomplete'])].join('; ')})`;
    }
    case 'compressed file':
      return `compressed by ${container.compression}`;
    case 'prefix':
      return `behind ${counted(container.bytes, 'byte')} of something else`;
    case 'qcow2 image':
      return `snapshot ${printableLine(container.snapshot.name)} of ${container.snapshots.length} in a qcow2 image`;
  }
}
