/** What `drover prove` does to a recording: mutants by region and damage, drawn from a seed. */
import { numberedSections } from '../memory/device-states.js';
import { drawing, shuffled } from '../model/seeded.js';
import type { Draw } from '../model/seeded.js';
import { printableLine } from '../model/text/printable.js';
import type { StampKind } from '../model/stamps.js';
import type { Edit } from './edit.js';
import { replacement } from './edit.js';
import { damagePage, pageDamages } from './page-damage.js';
import type { PageDamage } from './page-damage.js';
import { regions } from './recorded-pages.js';
import type { RecordedPage, RecordedPages, Region } from './recorded-pages.js';
import type { Recording, RecordingKind } from './recording.js';
import { damageField, nameOfField, recordedFields } from './state-damage.js';
import type { RecordedField, SectionPlace } from './state-damage.js';

/** `field`: a bit of device state; `head`: of the stream's own words around it. */
export type DamageKind = PageDamage | 'field' | 'head';
export type DamagedRegion = Region | 'state';

/** One damage to one recording. */
export interface Mutant {
  readonly recording: RecordingKind;
  readonly damage: DamageKind;
  readonly region: DamagedRegion;
  /** what it does, as a sentence without a full stop */
  readonly text: string;
  readonly edits: readonly Edit[];
  /** that do not arrive as they were */
  readonly pages: readonly RecordedPage[];
  readonly field?: RecordedField;
  /** whose head is damaged */
  readonly section?: SectionPlace;
}

export interface MutantOptions {
  /** of each damage in each region */
  readonly perDamage: number;
  /** fields of device state, an array as one; default: all */
  readonly fields: number | undefined;
  readonly seed: number;
  readonly stamp: StampKind;
}

/** Draws that may fail before a damage counts as one that this recording has no page for. */
const mostDraws = 12;

export async function mutantsOf(
  recording: Recording,
  pages: RecordedPages,
  options: MutantOptions,
): Promise<Mutant[]> {
  const found: Mutant[] = [];
  for (const region of regions) {
    for (const damage of pageDamages) {
      found.push(...(await pageMutants(pages, { region, damage }, options)));
    }
  }
  found.push(...(await fieldMutants(recording, options)));
  found.push(...(await headMutants(recording, options)));
  return found;
}

async function pageMutants(
  pages: RecordedPages,
  { region, damage }: { readonly region: Region; readonly damage: PageDamage },
  { perDamage, seed, stamp }: MutantOptions,
): Promise<Mutant[]> {
  const all = pages.ofRegion(region);
  const recording = pages.recording.kind;
  const draw = drawing(seed, `${recording} ${region} ${damage}`);
  const found: Mutant[] = [];
  const used = new Set<RecordedPage>();
  for (let tried = 0; tried < perDamage * mostDraws && found.length < perDamage; tried++) {
    if (used.size === all.length) break;
    const page = draw.of(all);
    if (used.has(page)) continue;
    used.add(page);
    const damaged = await damagePage(damage, { pages, page, stamp, draw });
    if (damaged === undefined) continue;
    const text = `${pages.nameOf(page)} ${damaged.what}`;
    found.push({ recording, damage, region, text, edits: damaged.edits, pages: damaged.pages });
  }
  return found;
}

async function fieldMutants(
  { kind: recording, image, description }: Recording,
  { fields: wanted, seed }: MutantOptions,
): Promise<Mutant[]> {
  if (wanted === 0) return [];
  const draw = drawing(seed, `${recording} fields`);
  const all = oneOfEachArray(await recordedFields(image, description), draw);
  const chosen = wanted === undefined ? all : shuffled(all, draw).slice(0, wanted);
  const input = image.report?.mainInput ?? 0;
  const found: Mutant[] = [];
  for (const each of chosen) {
    const { field, byte, bit } = damageField(each, draw);
    const at = field.sectionOffset + byte;
    const [before = 0] = await image.readInput(input, at, 1);
    const text = `${printableLine(nameOfField(field))}: bit ${bit} of byte ${byte} of the section is inverted`;
    const edits = [replacement(input, at, Buffer.of(before ^ (1 << bit)))];
    found.push({ recording, damage: 'field', region: 'state', text, edits, pages: [], field });
  }
  return found;
}

/** Of fields that differ by an index alone any one: they are lost or kept together. */
function oneOfEachArray(fields: readonly RecordedField[], draw: Draw): RecordedField[] {
  const groups = new Map<string, RecordedField[]>();
  for (const field of fields) {
    const { section, instance, index, path } = field;
    const key = `${section} ${instance} ${index} ${path.replaceAll(/\[\d+\]/g, '[]')}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [field]);
    else group.push(field);
  }
  return [...groups.values()].map((group) => draw.of(group));
}

/** type, identifier, length of the name */
const sectionHeadBytes = 6;
/** instance and version, behind the name */
const sectionTailBytes = 8;
/** magic and version of a stream */
const streamHeadBytes = 8;
/** a configuration begins with its type, and the length of the machine's name */
const machineNameAt = streamHeadBytes + 5;

interface HeadPlace {
  readonly what: string;
  /** in the main stream */
  readonly at: number;
  readonly section?: SectionPlace;
}

/** Bits of the words between what is migrated: the machine's name, names and versions of sections. */
async function headMutants(
  { kind: recording, image }: Recording,
  { perDamage, seed }: MutantOptions,
): Promise<Mutant[]> {
  const { report } = image;
  if (report === null) return [];
  const draw = drawing(seed, `${recording} heads`);
  const { mainInput: input, streamOffset } = report;
  const nameAt = streamOffset + machineNameAt;
  const devices = numberedSections(image).filter(({ section }) => section.role === 'device');
  const places: HeadPlace[] = [
    { what: 'the version of the stream', at: streamOffset + streamHeadBytes - 1 },
    // an old machine type sends no configuration
    ...(report.machine
      ? [{ what: "the machine's name", at: nameAt + draw.below(report.machine.length) }]
      : []),
    ...shuffled(devices, draw)
      .slice(0, perDamage)
      .flatMap(({ section: { name, instance, offset }, index }) => {
        const start = offset - sectionTailBytes - name.length;
        const section = { section: name, instance, index };
        return [
          { section, what: `the identifier of section ${name}`, at: start - sectionHeadBytes + 4 },
          { section, what: `the name of section ${name}`, at: start + draw.below(name.length) },
          { section, what: `the instance of section ${name}`, at: offset - 5 },
          { section, what: `the version of section ${name}`, at: offset - 1 },
        ];
      }),
  ];
  const found: Mutant[] = [];
  for (const { what, at, section } of places) {
    const bit = draw.below(4);
    const [before = 0] = await image.readInput(input, at, 1);
    const edits = [replacement(input, at, Buffer.of(before ^ (1 << bit)))];
    const text = `${printableLine(what)}: bit ${bit} is inverted`;
    const about = { recording, damage: 'head', region: 'state', text, edits } as const;
    found.push({ ...about, pages: [], ...(section && { section }) });
  }
  return found;
}
