/**
 * Why nobody could find a damage: what the stream holds is the same memory, or what loading made of
 * it is the same state. Neither asks a check of Drover's whose worth is in question.
 */
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { numberedSections } from '../memory/device-states.js';
import { openImage } from '../memory/image.js';
import type { MemoryImage } from '../memory/image.js';
import type { SectionReport } from '../native/stream-report.js';
import { reasonsFor } from '../migration/arrival/expected-differences.js';
import type { TestContext } from '../migration/context.js';
import { editedFile, editsOf } from './edit.js';
import type { Edit } from './edit.js';
import type { Mutant } from './mutants.js';
import type { Recording } from './recording.js';
import type { RecordedField, SectionPlace } from './state-damage.js';

/**
 * @param saved the file with what the destination saved of its devices
 * @returns undefined where memory or state is another one
 */
export async function whyEquivalent(
  recording: Recording,
  { edits, field, pages, section }: Mutant,
  saved: string,
  context: TestContext,
): Promise<string | undefined> {
  const { signal } = context;
  if (field !== undefined) {
    using devices = await openImage([saved], { format: 'stream' }, { signal });
    return await whySameField(recording, devices, field, edits);
  }
  if (edits.length === 0) return 'nothing is changed';
  if (section !== undefined) {
    using devices = await openImage([saved], { format: 'stream' }, { signal });
    return await whySameSection(recording, devices, section);
  }
  if (pages.length === 0) return undefined;
  const files: string[] = [];
  for (const [index, file] of recording.files.entries()) {
    const copy = context.file(`equivalent-${index}`);
    const bytes = editedFile(file, editsOf(edits, index), signal);
    await pipeline(bytes, createWriteStream(copy, { mode: 0o600 }));
    files.push(copy);
  }
  const { machine } = context.plan;
  using damaged = await openImage(files, { format: 'stream', machine }, { signal });
  return (await isSameMemory(recording.image, damaged, signal))
    ? 'the stream holds the same memory'
    : undefined;
}

async function isSameMemory(a: MemoryImage, b: MemoryImage, signal: AbortSignal): Promise<boolean> {
  for (const [index, { length }] of a.blocks.entries()) {
    const { differentPages } = await a.diff(
      b,
      {
        ...{ firstBlock: index, firstStart: 0, secondBlock: index, secondStart: 0 },
        ...{ length, limit: 1, absentIsZero: true },
      },
      { signal },
    );
    if (differentPages > 0) return false;
  }
  return true;
}

/**
 * The field, as the destination saves it, has the value that it had at the source, or another one
 * that may differ while the damaged one may not.
 */
async function whySameField(
  recording: Recording,
  devices: MemoryImage,
  field: RecordedField,
  edits: readonly Edit[],
): Promise<string | undefined> {
  const { image, sourceDevices } = recording;
  const sent = sectionOf(image, field);
  const [before, atSource, arrived] = [
    await payloadOf(image, sent),
    await payloadOf(sourceDevices, sectionOf(sourceDevices, field)),
    await payloadOf(devices, sectionOf(devices, field)),
  ];
  if (sent === undefined || atSource === undefined || arrived === undefined) return undefined;
  // in a section of another shape, another field lies there
  if (new Set([sent.length, atSource.length, arrived.length]).size > 1) return undefined;
  const own = (section: Buffer): Buffer =>
    section.subarray(field.start, field.start + field.length);
  if ([atSource, before].some((known) => known !== undefined && own(known).equals(own(arrived)))) {
    return 'loading does not use the field, or computes it again';
  }
  const damaged = Buffer.from(atSource);
  for (const { at, insert } of edits) damaged.set(insert, at - sent.offset);
  const { name, version } = sent;
  return reasonsFor({ name, version, first: atSource, second: damaged }) === undefined
    ? 'loading computes the field again'
    : undefined;
}

/** All of the section arrived as it was sent, or as the source has it. */
async function whySameSection(
  { image, sourceDevices }: Recording,
  devices: MemoryImage,
  place: SectionPlace,
): Promise<string | undefined> {
  const [sent, atSource, arrived] = [
    await payloadOf(image, sectionOf(image, place)),
    await payloadOf(sourceDevices, sectionOf(sourceDevices, place)),
    await payloadOf(devices, sectionOf(devices, place)),
  ];
  if (arrived === undefined) return undefined;
  return [sent, atSource].some((known) => known?.equals(arrived) === true)
    ? 'the section arrived as it was sent, whatever these words say'
    : undefined;
}

function sectionOf(
  from: MemoryImage,
  { section, instance, index }: SectionPlace,
): SectionReport | undefined {
  return numberedSections(from).find(
    (one) =>
      one.section.name === section && one.section.instance === instance && one.index === index,
  )?.section;
}

async function payloadOf(
  from: MemoryImage,
  section: SectionReport | undefined,
): Promise<Buffer | undefined> {
  if (section === undefined) return undefined;
  return await from.readInput(from.report?.mainInput ?? 0, section.offset, section.length);
}
