/**
 * Everything known about an attempt that did not pass, as named fields of text lines, for the
 * console and the JUnit file. TAP has its own, structured form.
 */
import type { Failure, Outcome, PhaseTiming } from '../../model/outcome.js';
import { writerStates } from '../../model/verdict.js';
import type { MemoryVerdict, PageDamage } from '../../model/verdict.js';
import { counted, formatCount, formatMs, hex } from '../../model/text/format.js';
import { printableLine, printableLines } from '../../model/text/printable.js';

export interface Field {
  readonly name: string;
  /** at least one */
  readonly lines: readonly string[];
}

export function failureFields(failure: Failure): Field[] {
  const fields: Field[] = [
    { name: 'error', lines: printableLines(`${failure.code}: ${failure.message}`) },
  ];
  const where = [
    ...(failure.phase === undefined ? [] : [`phase ${failure.phase}`]),
    ...(failure.side === undefined ? [] : [`side ${failure.side}`]),
  ];
  if (where.length > 0) fields.push({ name: 'where', lines: [where.join(', ')] });
  if (failure.waitedFor !== undefined) {
    fields.push({ name: 'waited for', lines: printableLines(failure.waitedFor) });
  }
  if (failure.lastSeen !== undefined) {
    fields.push({ name: 'last seen', lines: printableLines(failure.lastSeen) });
  }
  addLines(fields, 'details', failure.details);
  addLines(fields, 'caused by', failure.causes);
  return fields;
}

function addLines(fields: Field[], name: string, texts: readonly string[] | undefined): void {
  const lines = (texts ?? []).flatMap(printableLines);
  if (lines.length > 0) fields.push({ name, lines });
}

export function verdictFields(verdict: MemoryVerdict): Field[] {
  const { range, stamp, slices, damagedRuns, pages } = verdict;
  const found = verdict.intact
    ? 'intact'
    : `${counted(verdict.damagedPages, 'page')} damaged in ${counted(damagedRuns, 'run')}`;
  const listed = slices.flatMap(({ damage }) => damage);
  const hidden = damagedRuns - listed.length;
  const fields: Field[] = [
    {
      name: 'memory',
      lines: [
        `${found}; ${counted(pages, 'page')} examined, ` +
          `${hex(range.start)} to ${hex(range.end)}, stamp ${stamp} every ${formatCount(range.step)}`,
        ...writerStates(verdict),
      ],
    },
  ];
  const rest = hidden > 0 ? [`and ${counted(hidden, 'more run')}`] : [];
  addLines(fields, 'damage', [...listed.map(pageDamageLine), ...rest]);
  const upstream = slices.flatMap(({ upstreamLines }) => upstreamLines);
  addLines(fields, 'upstream', upstream);
  const scan = `${verdict.source}, kernel ${verdict.kernel}, ${formatMs(verdict.elapsedMs)}`;
  return [...fields, { name: 'scan', lines: [printableLine(scan)] }];
}

/** for every damage kind: what it is, what was expected, what was found */
export function pageDamageLine(damage: PageDamage): string {
  const { start, end, pages, kind, expected, found, by, from, byteOffset } = damage;
  const parts = [
    by > 0 ? `${kind} by ${String(by)}` : kind,
    from === null ? '' : `the page of ${hex(from)}`,
    `expected ${String(expected)}`,
    found === null ? '' : `found ${String(found)}`,
    byteOffset === null ? '' : `from byte ${String(byteOffset)} on`,
  ];
  const what = parts.filter((part) => part !== '').join(', ');
  return `${hex(start)} to ${hex(end)}: ${counted(pages, 'page')}, ${what}`;
}

export interface Surroundings {
  readonly directory?: string;
  readonly rerun?: string;
}

/** Empty for outcomes that need no explanation. A refusal is an answer, and has QEMU's words. */
export function outcomeFields(outcome: Outcome, around: Surroundings = {}): Field[] {
  if (outcome.kind === 'passed' && outcome.refused !== undefined) {
    const { command, side, words } = outcome.refused;
    return [{ name: 'refused', lines: printableLines(`by the ${side}, ${command}: ${words}`) }];
  }
  if (outcome.kind !== 'failed' && outcome.kind !== 'broken') return [];
  const fields = failureFields(outcome.failure);
  if (outcome.kind === 'failed' && outcome.verdict !== undefined) {
    fields.push(...verdictFields(outcome.verdict));
  }
  if (around.directory !== undefined) {
    fields.push({ name: 'evidence', lines: [printableLine(around.directory)] });
  }
  if (around.rerun !== undefined) {
    fields.push({ name: 'run again', lines: [printableLine(around.rerun)] });
  }
  return fields;
}

const nameWidth = 'waited for'.length;

/** Names in one column, texts in the next. */
export function fieldLines(fields: readonly Field[]): string[] {
  return fields.flatMap(({ name, lines }) =>
    lines.map((line, index) => `${(index === 0 ? name : '').padEnd(nameWidth)}  ${line}`),
  );
}

export function phaseLine(timings: readonly PhaseTiming[]): string {
  return timings.map(({ phase, durationMs }) => `${phase} ${formatMs(durationMs)}`).join(', ');
}
