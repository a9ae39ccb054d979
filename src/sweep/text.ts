/** What was swept over and its outcomes, as lines for the console. Pure. */
import { counted } from '../model/text/format.js';
import { printableLine } from '../model/text/printable.js';
import type { SweepChange } from './baseline.js';
import type { NamedOutcome, SweepDocument } from './document.js';
import { sweepOutcomeKinds } from './outcome.js';
import type { SweepOutcome, SweepOutcomeKind } from './outcome.js';

export const kindWords: Readonly<Record<SweepOutcomeKind, string>> = {
  equal: 'equal',
  differs: 'DIFFERS',
  refused: 'REFUSED',
  crashed: 'CRASHED',
  'timed-out': 'TIMED OUT',
  broken: 'BROKEN',
  'not-migratable': 'not migratable',
  'cannot-start': 'cannot start',
};

const width = Math.max(...Object.values(kindWords).map((words) => words.length));
/** lines below a result on the console; the files have all */
const mostLines = 6;

/** The outcome in a few words, and the evidence below it. */
export function evidenceOf(outcome: SweepOutcome): { brief: string; lines: readonly string[] } {
  switch (outcome.kind) {
    case 'equal':
      return { brief: comparedText(outcome), lines: [] };
    case 'differs':
      return {
        brief: comparedText(outcome),
        lines: outcome.differences.map(({ text }) => text),
      };
    case 'refused':
      return { brief: refusalText(outcome), lines: outcome.words };
    case 'crashed':
      return { brief: `the ${outcome.side}, during ${outcome.during}`, lines: outcome.words };
    case 'timed-out':
      return { brief: `during ${outcome.during}`, lines: outcome.words };
    case 'not-migratable':
    case 'cannot-start':
    case 'broken': {
      const [first = '', ...more] = outcome.words;
      return { brief: first, lines: more };
    }
  }
}

const refusalText = ({ side, during }: Extract<SweepOutcome, { kind: 'refused' }>): string =>
  during === 'start' ? `the ${side} does not start with it` : `by the ${side}, during ${during}`;

function comparedText({
  sections,
  registers,
  expected,
  notCompared,
}: Extract<SweepOutcome, { kind: 'equal' | 'differs' }>): string {
  return [
    counted(sections, 'section'),
    ...(registers > 0 ? [counted(registers, 'register')] : []),
    ...(expected.length > 0 ? [`${expected.length} expected`] : []),
    ...(notCompared.length > 0 ? [`${notCompared.length} not compared`] : []),
  ].join(', ');
}

/** One line, and for what is QEMU's fault or Drover's the evidence below it. */
export function resultLines({ name, outcome }: NamedOutcome): string[] {
  const { brief, lines } = evidenceOf(outcome);
  const shown = ['equal', 'cannot-start', 'not-migratable'].includes(outcome.kind) ? [] : lines;
  const more = shown.length - mostLines;
  return [
    printableLine(`${kindWords[outcome.kind].padEnd(width)}  ${name}  ${brief}`),
    ...shown.slice(0, mostLines).map((line) => `    ${printableLine(line)}`),
    ...(more > 0 ? [`    and ${counted(more, 'more line')}`] : []),
  ];
}

export function countKinds(
  results: readonly Pick<NamedOutcome, 'outcome'>[],
): Readonly<Record<SweepOutcomeKind, number>> {
  const count = (kind: SweepOutcomeKind): number =>
    results.filter(({ outcome }) => outcome.kind === kind).length;
  const counts = sweepOutcomeKinds.map((kind) => [kind, count(kind)] as const);
  return Object.fromEntries(counts) as Record<SweepOutcomeKind, number>;
}

export function headLines({
  source,
  destination,
}: Pick<SweepDocument<never>, 'source' | 'destination'>): string[] {
  const qemu = ({ version, command }: SweepDocument<never>['source']): string =>
    printableLine(`QEMU ${version} (${command})`);
  return [`source       ${qemu(source)}`, `destination  ${qemu(destination)}`];
}

/** such as `3 devices: 2 equal, 1 cannot start` */
export function summaryLine(
  {
    results,
    selected,
    partial,
    summary,
  }: Pick<SweepDocument<unknown>, 'results' | 'selected' | 'partial' | 'summary'>,
  noun: string,
): string {
  const counts = sweepOutcomeKinds
    .toReversed()
    .filter((kind) => summary[kind] > 0)
    .map((kind) => `${summary[kind]} ${kindWords[kind].toLowerCase()}`);
  const all = counted(partial ? selected : results.length, noun);
  const head = partial ? `partial, ${results.length} of ${all}` : all;
  return counts.length === 0 ? head : `${head}: ${counts.join(', ')}`;
}

/** Those for the worse first. */
export function changeLines(changes: readonly SweepChange[]): string[] {
  if (changes.length === 0) return ['no change since the baseline'];
  const ordered = changes.toSorted((a, b) => Number(b.isWorse) - Number(a.isWorse));
  return ordered.flatMap(({ name, before, now, isWorse, more, fewer, less }) => [
    printableLine(
      `${isWorse ? 'WORSE  ' : 'changed'}  ${name}  ${wordOf(before, 'not there')} -> ${wordOf(now, 'gone')}`,
    ),
    ...more.map(({ text }) => `    new: ${printableLine(text)}`),
    ...fewer.map(({ text }) => `    no more: ${printableLine(text)}`),
    ...less.map((line) => `    ${line}`),
  ]);
}

const wordOf = (kind: SweepOutcomeKind | undefined, absent: string): string =>
  kind === undefined ? absent : kindWords[kind].toLowerCase();
