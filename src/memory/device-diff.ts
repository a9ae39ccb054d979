/** Device state of two streams side by side: sections by name and instance, then field by field. */
import type { MemoryImage } from './image.js';
import { compareStates } from '../vmstate/compare.js';
import type { FieldDifference } from '../vmstate/compare.js';
import { deviceState, numberedSections, readDescription } from './device-states.js';
import type { Description, NumberedSection } from './device-states.js';

export interface DeviceDifference {
  readonly name: string;
  readonly instance: number;
  readonly kind: 'fields' | 'bytes' | 'only-in-a' | 'only-in-b';
  /** fields that differ: the true total */
  readonly total: number;
  readonly fields: readonly FieldDifference[];
  /** bytes: where in the payload the first difference is */
  readonly offset: number | null;
}

export interface DeviceDiff {
  readonly compared: number;
  readonly differences: readonly DeviceDifference[];
}

/**
 * @param limit how many fields of a section are listed
 * @param described of each, where they hold no description themselves: it may be of a machine in another state, so what it
 *   does not describe of a section is compared as bytes
 * @returns undefined when one of them is no stream
 */
export async function diffDevices(
  a: MemoryImage,
  b: MemoryImage,
  limit: number,
  described?: readonly [Description, Description],
): Promise<DeviceDiff | undefined> {
  if (a.report === null || b.report === null) return undefined;
  const [descriptionA, descriptionB] = [
    described?.[0] ?? (await readDescription(a)),
    described?.[1] ?? (await readDescription(b)),
  ];
  const keyOf = ({ key, index }: NumberedSection): string => `${index} ${key}`;
  const others = new Map(numberedSections(b).map((numbered) => [keyOf(numbered), numbered]));
  const differences: DeviceDifference[] = [];
  let compared = 0;
  const note = (
    { section: { name, instance } }: NumberedSection,
    rest: Omit<DeviceDifference, 'name' | 'instance'>,
  ): void => {
    differences.push({ name, instance, ...rest });
  };
  for (const first of numberedSections(a)) {
    const second = others.get(keyOf(first));
    others.delete(keyOf(first));
    if (second === undefined) {
      note(first, { kind: 'only-in-a', total: 0, fields: [], offset: null });
      continue;
    }
    compared += 1;
    const found = await diffSection(
      { image: a, description: descriptionA, numbered: first },
      { image: b, description: descriptionB, numbered: second },
      limit,
      described !== undefined,
    );
    if (found !== undefined) note(first, found);
  }
  for (const left of others.values()) {
    note(left, { kind: 'only-in-b', total: 0, fields: [], offset: null });
  }
  return { compared, differences };
}

interface Side {
  readonly image: MemoryImage;
  readonly description: Description;
  readonly numbered: NumberedSection;
}

async function diffSection(
  a: Side,
  b: Side,
  limit: number,
  isPartial: boolean,
): Promise<Omit<DeviceDifference, 'name' | 'instance'> | undefined> {
  const offset = await firstDifferentByte(a, b);
  if (offset === undefined && a.numbered.section.version === b.numbered.section.version) {
    return undefined;
  }
  const states = [
    await deviceState(a.image, a.description, a.numbered),
    await deviceState(b.image, b.description, b.numbered),
  ] as const;
  const [one, other] = states;
  const { total, fields } =
    (one.whole && other.whole) || isPartial
      ? compareStates(one.state, other.state, limit)
      : { total: 0, fields: [] };
  return total > 0
    ? { kind: 'fields', total, fields, offset: null }
    : { kind: 'bytes', total: 0, fields: [], offset: offset ?? 0 };
}

const pieceBytes = 256 * 1024;

/** undefined when the payloads are equal */
async function firstDifferentByte(a: Side, b: Side): Promise<number | undefined> {
  const lengthA = a.numbered.section.length;
  const lengthB = b.numbered.section.length;
  const common = Math.min(lengthA, lengthB);
  for (let at = 0; at < common; at += pieceBytes) {
    const length = Math.min(pieceBytes, common - at);
    const [one, other] = [await payload(a, at, length), await payload(b, at, length)];
    if (one.equals(other)) continue;
    let index = 0;
    while (one[index] === other[index]) index += 1;
    return at + index;
  }
  return lengthA === lengthB ? undefined : common;
}

async function payload({ image, numbered }: Side, at: number, length: number): Promise<Buffer> {
  const input = image.report?.mainInput ?? 0;
  return await image.readInput(input, numbered.section.offset + at, length);
}
