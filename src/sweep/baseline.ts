/**
 * What changed since an earlier run of the same sweep, one by one, and which changes are for the
 * worse. Pure.
 */
import type { NamedOutcome } from './document.js';
import { counted } from '../model/text/format.js';
import { severity } from './outcome.js';
import type { SweepOutcome, SweepOutcomeKind, DeviceStateDifference } from './outcome.js';

export interface SweepChange {
  readonly name: string;
  /** absent: it was not in that run, or is not in this one */
  readonly before?: SweepOutcomeKind;
  readonly now?: SweepOutcomeKind;
  readonly isWorse: boolean;
  /** differences that the other run did not have */
  readonly more: readonly DeviceStateDifference[];
  readonly fewer: readonly DeviceStateDifference[];
  /** what less was compared than before: state that is sent no more */
  readonly less: readonly string[];
}

/** Values may differ from run to run: where it is makes a difference the same. */
const placeOf = ({ section, field, text }: DeviceStateDifference): string =>
  field === undefined
    ? `${section}\n${text.replaceAll(/0x[0-9a-f]+|\d+/g, '#')}`
    : `${section}\n${field}`;

const differencesOf = (outcome: SweepOutcome | undefined): readonly DeviceStateDifference[] =>
  outcome?.kind === 'differs' ? outcome.differences : [];

function missing(
  from: readonly DeviceStateDifference[],
  others: readonly DeviceStateDifference[],
): DeviceStateDifference[] {
  const there = new Set(others.map(placeOf));
  return from.filter((one) => !there.has(placeOf(one)));
}

/** What is sent no more is equal on both sides, too. */
function lessCompared(before: SweepOutcome | undefined, now: SweepOutcome | undefined): string[] {
  if (before === undefined || !('sections' in before)) return [];
  if (now === undefined || !('sections' in now)) return [];
  const line = (what: string, was: number, is: number): string[] =>
    is < was ? [`${counted(is, what)} compared, ${was} before`] : [];
  return [
    ...line('section', before.sections, now.sections),
    ...line('RAM block', before.blocks, now.blocks),
  ];
}

/**
 * @param known names of all that this run's QEMU has; one of the baseline that is not among them is
 *   gone, one that was not selected is left out
 * @param isSelected whether a name is one that this run would select
 */
export function compareWithBaseline(
  baseline: readonly NamedOutcome[],
  now: readonly NamedOutcome[],
  known: ReadonlySet<string>,
  isSelected: (name: string) => boolean,
): SweepChange[] {
  const before = new Map(baseline.map((result) => [result.name, result]));
  const changes = now.flatMap((result) => changeOf(before.get(result.name), result));
  const gone = baseline
    .filter(({ name }) => !known.has(name) && isSelected(name))
    .flatMap((result) => changeOf(result, undefined));
  return [...changes, ...gone];
}

function changeOf(before: NamedOutcome | undefined, now: NamedOutcome | undefined): SweepChange[] {
  const [was, is] = [before?.outcome, now?.outcome];
  const [old, found] = [differencesOf(was), differencesOf(is)];
  const [more, fewer] = [missing(found, old), missing(old, found)];
  const less = lessCompared(was, is);
  if (was?.kind === is?.kind && [more, fewer, less].every(({ length }) => length === 0)) return [];
  const isMore = was?.kind === 'differs' && is?.kind === 'differs' && more.length > 0;
  const rank = (outcome: SweepOutcome | undefined): number =>
    outcome === undefined ? 0 : severity[outcome.kind];
  // what is broken on this host says nothing of the QEMUs
  const isLost = was?.kind === 'equal' && is?.kind !== 'equal' && is?.kind !== 'broken';
  return [
    {
      name: now?.name ?? before?.name ?? '',
      ...(was !== undefined && { before: was.kind }),
      ...(is !== undefined && { now: is.kind }),
      isWorse: isLost || isMore || less.length > 0 || rank(is) > rank(was),
      ...{ more, fewer, less },
    },
  ];
}
