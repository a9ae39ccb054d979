/**
 * The device state of two stopped machines, section by section. Both save it by the same command, `xen-save-devices-state`:
 * it writes what a migration writes of devices, without RAM, whatever the run state, also of a source that has
 * completed and would refuse another migration.
 */
import { deviceSections } from '../../memory/device-states.js';
import { diffDevices } from '../../memory/device-diff.js';
import type { DeviceDifference } from '../../memory/device-diff.js';
import { openImage } from '../../memory/image.js';
import type { MemoryImage } from '../../memory/image.js';
import { both } from '../../model/both.js';
import { counted } from '../../model/text/format.js';
import { valueTexts } from '../../vmstate/compare.js';
import type { FieldDifference } from '../../vmstate/compare.js';
import type { TestMachine } from '../context.js';
import { describeDevices } from './describe-devices.js';
import { reasonFor } from './expected-differences.js';

export interface DeviceComparison {
  readonly sections: number;
  readonly differences: readonly string[];
  readonly expected: readonly string[];
}

/** differing fields of a section that are looked at, and listed */
const mostCompared = 1000;
const mostFields = 12;

export async function compareDevices(
  source: TestMachine,
  destination: TestMachine,
): Promise<DeviceComparison> {
  const [first, second] = await both(savedDevices(source), savedDevices(destination));
  using a = first;
  using b = second;
  const sections = deviceSections(a).length;
  const bytes = await diffDevices(a, b, 0);
  if (bytes?.differences.length === 0) return { sections, differences: [], expected: [] };
  // Only a difference is worth the time that the names of fields take.
  const described = [await describeDevices(source), await describeDevices(destination)] as const;
  const named = await diffDevices(a, b, mostCompared, described);
  const isOneQemu = source.binary.command === destination.binary.command;
  const differences: string[] = [];
  const expected: string[] = [];
  for (const difference of named?.differences ?? []) {
    const { name, total, fields } = difference;
    const left: FieldDifference[] = [];
    for (const field of fields) {
      const reason = reasonFor(name, field, isOneQemu);
      if (reason === undefined) left.push(field);
      else expected.push(`${nameOf(difference)}: ${field.path}: ${reason}`);
    }
    const isExpected = difference.kind === 'fields' && left.length === 0 && total === fields.length;
    if (!isExpected) differences.push(...differenceText({ ...difference, fields: left }));
  }
  return { sections, differences, expected };
}

async function savedDevices(machine: TestMachine): Promise<MemoryImage> {
  const { context, name } = machine;
  const filename = context.file(`${name}.devices`);
  await machine.qmp.execute('xen-save-devices-state', { filename, live: false });
  return await openImage([filename], { format: 'stream' }, { signal: context.signal });
}

const nameOf = ({ name, instance }: DeviceDifference): string =>
  instance === 0 ? name : `${name}, instance ${instance}`;

function differenceText(difference: DeviceDifference): string[] {
  const { kind, total, fields, offset } = difference;
  const name = `device state ${nameOf(difference)}`;
  switch (kind) {
    case 'only-in-a':
      return [`${name} is only at the source`];
    case 'only-in-b':
      return [`${name} is only at the destination`];
    case 'bytes':
      return [`${name} differs from byte ${offset ?? 0} on`];
    case 'fields': {
      const more = total - Math.min(fields.length, mostFields);
      return [
        ...fields.slice(0, mostFields).map((field) => {
          const [a, b] = valueTexts(field);
          return `${name}: ${field.path} is ${a} at the source, ${b} at the destination`;
        }),
        ...(more > 0 ? [`${name}: and ${counted(more, 'more field')}`] : []),
      ];
    }
  }
}
