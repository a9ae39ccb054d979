/**
 * The device state of two stopped machines, section by section. Machines of a test both save it by the same command,
 * `xen-save-devices-state`: it writes what a migration writes of devices, without RAM, whatever the
 * run state, also of a source that has completed and would refuse another migration.
 */
import type { Description } from '../../memory/device-states.js';
import { numberedSections } from '../../memory/device-states.js';
import { diffDevices } from '../../memory/device-diff.js';
import type { DeviceDifference } from '../../memory/device-diff.js';
import { openImage } from '../../memory/image.js';
import type { MemoryImage } from '../../memory/image.js';
import { both } from '../../model/both.js';
import { counted } from '../../model/text/format.js';
import { valueTexts } from '../../vmstate/compare.js';
import type { TestMachine } from '../context.js';
import { describeDevices } from './describe-devices.js';
import { doubtOf, reasonsFor } from './expected-differences.js';
import type { SectionPair } from './expected-differences.js';

export interface DeviceComparison {
  readonly sections: number;
  readonly differences: readonly string[];
  /** the same as data */
  readonly states: readonly StateDifference[];
  readonly expected: readonly string[];
  readonly notCompared: readonly string[];
}

/** One difference of device state or RAM, as a line and as data. */
export interface StateDifference {
  /** section of device state with its instance, or RAM block */
  readonly section: string;
  /** of a section whose fields are known */
  readonly field?: string;
  /** value of the field on each side, shortened */
  readonly source?: string;
  readonly destination?: string;
  /** continues the name of the section to a sentence */
  readonly what: string;
}

/** differing fields of a section that are listed */
const mostFields = 12;

export async function compareDevices(
  source: TestMachine,
  destination: TestMachine,
): Promise<DeviceComparison> {
  const [obstacle] = [source, destination].flatMap(
    ({ spec: { arch, accel } }) => doubtOf(arch, accel !== 'tcg') ?? [],
  );
  if (obstacle !== undefined) {
    const notCompared = [`device state: ${obstacle}`];
    return { sections: 0, differences: [], states: [], expected: [], notCompared };
  }
  const [first, second] = await both(savedDevices(source), savedDevices(destination));
  using a = first;
  using b = second;
  return await compareSavedDevices(a, b, {
    isOneQemu: source.binary.command === destination.binary.command,
    describe: async () => [await describeDevices(source), await describeDevices(destination)],
  });
}

interface DeviceQuestion {
  /** another version may write other parts of a section */
  readonly isOneQemu: boolean;
  /** the names of fields, asked for only where a difference is not expected */
  readonly describe?: () => Promise<readonly [Description, Description]>;
}

/** `a` is of the source, `b` of the destination: what both would send of their devices. */
export async function compareSavedDevices(
  a: MemoryImage,
  b: MemoryImage,
  { isOneQemu, describe }: DeviceQuestion,
): Promise<DeviceComparison> {
  const expected: string[] = [];
  const notCompared: string[] = [];
  const unexpected: DeviceDifference[] = [];
  const found = await diffDevices(a, b, 0);
  for (const difference of found?.differences ?? []) {
    const pair = await sectionsOf(a, b, difference);
    const reasons = pair && reasonsFor(pair);
    const name = nameOf(difference);
    if (reasons !== undefined) expected.push(...reasons.map((reason) => `${name}: ${reason}`));
    else if (!isOneQemu && pair?.first.length !== pair?.second.length) {
      notCompared.push(`device state ${name}: the two QEMUs write different parts of it`);
    } else unexpected.push(difference);
  }
  const sections = numberedSections(a).length;
  if (unexpected.length === 0)
    return { sections, differences: [], states: [], expected, notCompared };
  // Only such a difference is worth the time that the names of fields take.
  const described = await describe?.();
  const named = await diffDevices(a, b, mostFields, described);
  const wanted = new Set(unexpected.map(nameOf));
  const states: StateDifference[] = [];
  for (const difference of named?.differences ?? []) {
    const name = nameOf(difference);
    if (!wanted.has(name)) continue;
    if (!isOneQemu && areAbsent(difference)) {
      notCompared.push(`device state ${name}: the two QEMUs write different parts of it`);
    } else states.push(...statesOf(difference));
  }
  const differences = states.map(({ section, what }) => `device state ${section}${what}`);
  const unnamed = (described ?? []).flatMap((one) =>
    'problem' in one ? [`fields without a name, since they are not described: ${one.problem}`] : [],
  );
  differences.push(...new Set(unnamed));
  return { sections, differences, states, expected, notCompared };
}

/** What a stopped machine would send of its devices. */
export async function savedDevices(machine: TestMachine): Promise<MemoryImage> {
  const { context, name } = machine;
  const filename = context.file(`${name}.devices`);
  await machine.qmp.execute('xen-save-devices-state', { filename, live: false });
  return await openImage([filename], { format: 'stream' }, { signal: context.signal });
}

/** The bytes of a section that both have; undefined where one lacks it. */
async function sectionsOf(
  a: MemoryImage,
  b: MemoryImage,
  { name, instance }: DeviceDifference,
): Promise<SectionPair | undefined> {
  const payload = async (image: MemoryImage): Promise<[number, Buffer] | undefined> => {
    const found = numberedSections(image).filter(
      ({ section }) => section.name === name && section.instance === instance,
    );
    const [one, ...others] = found.map(({ section }) => section);
    if (one === undefined || others.length > 0) return undefined;
    const input = image.report?.mainInput ?? 0;
    return [one.version, await image.readInput(input, one.offset, one.length)];
  };
  const [first, second] = [await payload(a), await payload(b)];
  if (first === undefined || second === undefined) return undefined;
  const [version, bytes] = first;
  return version === second[0] ? { name, version, first: bytes, second: second[1] } : undefined;
}

const nameOf = ({ name, instance }: DeviceDifference): string =>
  instance === 0 ? name : `${name}, instance ${instance}`;

/** Every field that differs is one that only one of the two QEMUs knows. */
const areAbsent = ({ kind, total, fields }: DeviceDifference): boolean =>
  // A destination refuses a section that it does not know; the source may know one less.
  kind === 'only-in-b' ||
  (kind === 'fields' &&
    total === fields.length &&
    fields.every(({ a, b }) => a === undefined || b === undefined));

function statesOf(difference: DeviceDifference): StateDifference[] {
  const { kind, total, fields, offset } = difference;
  const section = nameOf(difference);
  switch (kind) {
    case 'only-in-a':
      return [{ section, what: ' is only at the source' }];
    case 'only-in-b':
      return [{ section, what: ' is only at the destination' }];
    case 'bytes':
      return [{ section, what: ` differs from byte ${offset ?? 0} on` }];
    case 'fields': {
      const more = total - fields.length;
      return [
        ...fields.map((field) => {
          const [source, destination] = valueTexts(field);
          if (field.path === '') return { section, what: ' differs; its fields are not described' };
          const what = `: ${field.path} is ${source} at the source, ${destination} at the destination`;
          return { section, field: field.path, source, destination, what };
        }),
        ...(more > 0 ? [{ section, what: `: and ${counted(more, 'more field')}` }] : []),
      ];
    }
  }
}
