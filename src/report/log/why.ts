/**
 * Explains a test's outcome from its directory alone, for readers who have nothing else of the run.
 */
import type { QemuIdentity } from '../../model/events.js';
import type { TestRecord } from '../../model/test-record.js';
import { fieldLines, outcomeFields, phaseLine } from '../fold/diagnosis.js';
import type { Field } from '../fold/diagnosis.js';
import { formatDuration } from '../../model/text/format.js';
import { keptFiles, keptText, readTestRecord } from './kept-test.js';
import type { Paint } from '../console/colors.js';
import { printableLine } from '../../model/text/printable.js';

/** lines of each transcript and each console */
const lastLines = 8;
const longestLine = 160;

export function whyLines(directory: string, paint: Paint, note?: (text: string) => void): string[] {
  const record = readTestRecord(directory, note);
  const { outcome, rerun } = record;
  return [
    ...headLines(record, paint),
    '',
    ...fieldLines(outcomeFields(outcome, { directory, rerun })),
    ...(outcome.kind === 'passed' || outcome.kind === 'skipped' ? [`it ${outcome.kind}`] : []),
    ...section('what both sides were doing', keptText(directory, 'diagnosis.txt'), Infinity, paint),
    ...talk(directory, paint),
    ...section('the launch', commandLines(directory), Infinity, paint),
    '',
    paint.strong('files'),
    `  ${keptFiles(directory).map(printableLine).join(' ')}`,
  ];
}

function headLines(record: TestRecord, paint: Paint): string[] {
  const { outcome, test, attempt, host, phases, durationMs } = record;
  const fields: Field[] = [
    { name: 'source', lines: [qemuText(record.source)] },
    { name: 'dest.', lines: [qemuText(record.destination)] },
    { name: 'with', lines: [`machine ${record.machine}, accelerator ${record.accel}`] },
    {
      name: 'host',
      lines: [`${host.hostname}, ${host.cores} cores, ${host.cpu}, kernel ${host.kernel}`],
    },
    { name: 'when', lines: [`${record.time}, Drover ${record.drover}`] },
    {
      name: 'took',
      lines: [
        `${formatDuration(durationMs)}; deadline ${formatDuration(record.timeoutMs)}; ${phaseLine(phases)}`,
      ],
    },
  ];
  const head = paint.outcome(outcome.kind, `${outcome.kind}: ${test} (attempt ${attempt})`);
  return [printableLine(head), ...fieldLines(fields).map(printableLine)];
}

function qemuText({ version, package: build, command }: QemuIdentity): string {
  return `QEMU ${version}${build === '' ? '' : ` (${build})`}: ${command}`;
}

/** The last lines of each QEMU's QMP transcript, output and serial console. */
function talk(directory: string, paint: Paint): string[] {
  return keptFiles(directory).flatMap((name) => {
    const [, machine, kind] = /^(.+)\.(qmp\.jsonl|serial|stderr)$/.exec(name) ?? [];
    if (machine === undefined || kind === undefined) return [];
    const text = keptText(directory, name);
    if (kind === 'qmp.jsonl') {
      return section(`last words over QMP, ${machine}`, qmpText(text), lastLines, paint);
    }
    // signs of life come without a line feed, thousands of them
    const tail = kind === 'serial' ? text?.slice(-64) : text;
    const title = kind === 'serial' ? 'end of the serial console' : 'standard error';
    return section(`${title}, ${machine}`, tail, lastLines, paint);
  });
}

function qmpText(text: string | undefined): string | undefined {
  return text
    ?.split('\n')
    .flatMap((line) => {
      const [, ms, dir, message] = /^\{"ms":([\d.]+),"dir":"([<>])","msg":(.*)\}$/.exec(line) ?? [];
      return ms === undefined
        ? []
        : [`${Number(ms).toFixed(0).padStart(7)} ms ${dir ?? ''} ${message ?? ''}`];
    })
    .join('\n');
}

function commandLines(directory: string): string {
  return keptFiles(directory)
    .filter((name) => name.endsWith('.cmdline'))
    .flatMap((name) => [`${name}:`, keptText(directory, name) ?? ''])
    .join('\n');
}

function section(title: string, text: string | undefined, most: number, paint: Paint): string[] {
  const lines = (text ?? '').split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0) return [];
  const shown = lines.slice(most === Infinity ? 0 : -most).map((line) => {
    const plain = printableLine(line);
    const isLong = most !== Infinity && plain.length > longestLine;
    return `  ${isLong ? `${plain.slice(0, longestLine)}...` : plain}`;
  });
  return ['', paint.strong(title), ...shown];
}
