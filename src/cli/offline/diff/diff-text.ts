/** What differs, in words. Pure. */
import type { NativeDiff, NativeDifference } from '../../../native/image-addon.js';
import { printableLine } from '../../../model/text/printable.js';
import type { DeviceDiff, DeviceDifference } from '../../../memory/device-diff.js';
import { valueTexts } from '../../../vmstate/compare.js';
import type { Comparison } from './diff-plan.js';
import { formatRange } from '../../../model/text/sizes.js';
import { counted, formatCount, hex } from '../../../model/text/format.js';
import { showName } from '../offline-output.js';
import type { OfflinePaint } from '../offline-output.js';

export interface RamDiff {
  readonly comparison: Comparison;
  readonly found: NativeDiff;
}

function ramText({ comparison, found }: RamDiff, limit: number, paint: OfflinePaint): string[] {
  const { what } = comparison;
  const compared = found.pages - found.absentInBoth;
  if (found.differentPages === 0) {
    return compared === 0 ? [] : [`${what}: ${counted(compared, 'page')} ${paint.intact('equal')}`];
  }
  const absent = [
    ...(found.absentInFirst > 0 ? [`${formatCount(found.absentInFirst)} not in A`] : []),
    ...(found.absentInSecond > 0 ? [`${formatCount(found.absentInSecond)} not in B`] : []),
  ];
  const count = `${formatCount(found.differentPages)} of ${counted(compared, 'page')} differ`;
  const detail = [counted(found.differentRuns, 'run'), ...absent].join(', ');
  const more = found.differentRuns - Math.min(limit, found.runs.length);
  return [
    `${what}: ${paint.damaged(count)} (${detail})`,
    ...found.runs.slice(0, limit).map((run) => `  ${runText(run)}`),
    ...(more > 0 ? [`  and ${counted(more, 'more run')}`] : []),
  ];
}

/** Very many ranges that are equal are one line, so that the differences can be seen. */
export function ramTexts(all: readonly RamDiff[], limit: number, paint: OfflinePaint): string[] {
  const equal = all.filter(({ found }) => found.differentPages === 0);
  if (equal.length <= limit) return all.flatMap((one) => ramText(one, limit, paint));
  const pages = equal.reduce((sum, { found }) => sum + found.pages - found.absentInBoth, 0);
  const others = all.filter(({ found }) => found.differentPages > 0);
  const shown = others.slice(0, limit).flatMap((one) => ramText(one, limit, paint));
  const more = others.length - limit;
  return [
    `guest memory, ${counted(equal.length, 'range')}: ${counted(pages, 'page')} ${paint.intact('equal')}`,
    ...shown,
    ...(more > 0 ? [`${counted(more, 'more range')}: ${paint.damaged('different')}`] : []),
  ];
}

function runText(run: NativeDifference): string {
  const where = `${formatRange(run)} (${counted(run.pages, 'page')})`;
  switch (run.kind) {
    case 'absent-in-first':
      return `${where}: not in A`;
    case 'absent-in-second':
      return `${where}: not in B`;
    case 'content': {
      const first = run.byteOffset === null ? '' : ` at ${hex(run.start + run.byteOffset)}`;
      return `${where}: first difference${first}: ${byteText(run.first)} in A, ${byteText(run.second)} in B`;
    }
  }
}

function byteText(value: number | null): string {
  return value === null ? '?' : `0x${value.toString(16).padStart(2, '0')}`;
}

export function deviceText(diff: DeviceDiff, limit: number, paint: OfflinePaint): string[] {
  const { compared, differences } = diff;
  if (differences.length === 0) {
    return [`device state: ${counted(compared, 'section')} ${paint.intact('equal')}`];
  }
  const more = differences.length - limit;
  return [
    `device state: ${paint.damaged(`${differences.length} of ${counted(compared, 'section')} differ`)}`,
    ...differences.slice(0, limit).flatMap((one) => oneDevice(one, limit)),
    ...(more > 0 ? [`  and ${counted(more, 'more section')}`] : []),
  ];
}

function oneDevice(
  { name, instance, kind, total, fields, offset }: DeviceDifference,
  limit: number,
): string[] {
  const who = `  ${showName(name)}, instance ${instance}`;
  switch (kind) {
    case 'only-in-a':
      return [`${who}: only in A`];
    case 'only-in-b':
      return [`${who}: only in B`];
    case 'bytes':
      return [`${who}: differs from byte ${offset ?? 0} on, and cannot be decoded`];
    case 'fields':
      return [
        `${who}: ${counted(total, 'field')}`,
        ...fields.slice(0, limit).map((field) => {
          const [a, b] = valueTexts(field);
          return `    ${printableLine(field.path)}: ${a} in A, ${b} in B`;
        }),
        ...(total > limit ? [`    and ${counted(total - limit, 'more field')}`] : []),
      ];
  }
}
