/** Everything about one attempt. */
import { failureFields } from '../../fold/diagnosis.js';
import { counted, formatCount, formatDuration, formatMs } from '../../../model/text/format.js';
import { phases } from '../../../model/outcome.js';
import type { MigrationFigures } from '../../../model/outcome.js';
import type { Attachment, PageDetail, PageRow } from '../payload.js';
import { badge, named, testLink } from './badge.js';
import type { ReportData } from './data.js';
import { facts, h, numbers, table } from './dom.js';
import type { Child } from './dom.js';
import { memorySection } from './page-map.js';
import { timelineSection } from './timeline.js';
import { transcriptSection } from './transcript.js';

export interface TestPlace {
  /** link back to the list, with its filter */
  readonly list: string;
  readonly before: number | undefined;
  readonly after: number | undefined;
}

export function testView(data: ReportData, index: number, place: TestPlace): HTMLElement {
  const row = data.rows[index];
  if (row === undefined) return h('p', {}, 'There is no such result in this report.');
  const detail = data.detail(row);
  const { outcome, timeline } = detail.finished;
  const verdict =
    outcome.kind === 'passed' || outcome.kind === 'failed' ? outcome.verdict : undefined;
  const evidence = detail.evidence;
  const link = (text: string, target: number | undefined): Child =>
    target === undefined ? undefined : h('a', { href: `#/test/${String(target)}` }, text);
  return h(
    'article',
    { 'aria-labelledby': 'test-title' },
    h(
      'nav',
      { 'aria-label': 'Results', class: 'steps' },
      h('a', { href: place.list }, 'All results'),
      link('Previous result', place.before),
      link('Next result', place.after),
    ),
    h('h2', { id: 'test-title', tabindex: -1 }, badge(row.status), ' ', ...named(row.label)),
    whatWentWrong(detail),
    about(data, row, detail),
    attemptsSection(data, row),
    timelineSection(detail),
    verdict === undefined ? undefined : memorySection(verdict),
    outcome.kind === 'passed' ? figuresSection(outcome.figures) : undefined,
    evidence === undefined ? undefined : transcriptSection(evidence, timeline),
    evidence === undefined ? undefined : attachmentsSection(evidence.files),
  );
}

function about({ runs }: ReportData, row: PageRow, { finished, rerun }: PageDetail): HTMLElement {
  const run = runs[row.run];
  const quarantined = finished.quarantined;
  const worker = row.slot === undefined ? undefined : String(row.slot + 1);
  const shards = run?.started?.merged?.runs.length ?? 0;
  return facts([
    ['took', row.status === 'skipped' ? undefined : formatDuration(row.durationMs)],
    ['began', worker === undefined ? undefined : `${formatDuration(row.startMs)} into the run`],
    [
      'worker',
      shards > 1 && worker !== undefined ? `${worker} of shard ${String(row.shard)}` : worker,
    ],
    ['QEMU', run?.versions],
    ['machine', run?.started?.machine],
    ['accelerator', run?.started?.accel],
    [
      'memory of all QEMUs meanwhile',
      finished.memoryBytes === undefined
        ? undefined
        : `${formatCount(Math.round(finished.memoryBytes / 2 ** 20))} MiB at most`,
    ],
    [
      'in quarantine',
      quarantined === undefined
        ? undefined
        : `${quarantined.reason} (${quarantined.owner}, until ${quarantined.expires})`,
    ],
    ['evidence', finished.directory],
    ['run again', h('code', {}, rerun)],
  ]);
}

function whatWentWrong({ finished: { outcome } }: PageDetail): HTMLElement | undefined {
  if (outcome.kind === 'passed') {
    const { refused } = outcome;
    if (refused === undefined) return undefined;
    return h('p', { class: 'reason' }, `Refused by QEMU, ${refused.command}: ${refused.words}`);
  }
  if (outcome.kind === 'skipped') return h('p', { class: 'reason' }, `Skipped: ${outcome.reason}`);
  if (outcome.kind === 'cancelled') {
    return h(
      'p',
      { class: 'reason' },
      `Cancelled${outcome.phase === undefined ? '' : ` in phase ${outcome.phase}`}`,
    );
  }
  const fields = failureFields(outcome.failure);
  return h(
    'section',
    { 'aria-labelledby': 'failure-title', class: 'failure' },
    h('h3', { id: 'failure-title' }, 'What went wrong'),
    facts(
      fields.map(({ name, lines }) => [
        name,
        lines.length === 1 ? lines[0] : h('pre', { tabindex: 0 }, lines.join('\n')),
      ]),
    ),
  );
}

/** All attempts of this test, side by side. */
function attemptsSection(data: ReportData, row: PageRow): HTMLElement | undefined {
  const attempts = data.attempts(row);
  if (attempts.length < 2) return undefined;
  const indexOf = new Map(data.rows.map((each, index) => [each, index]));
  const times = ['Time', ...phases, 'Downtime', 'Damaged'].map(numbers);
  const columns = ['Attempt', 'Status', ...times, 'Remark'];
  const shown = attempts.slice(0, 200);
  const rows = shown.map((each): Child[] => {
    const { finished } = data.detail(each);
    const { outcome } = finished;
    const verdict = 'verdict' in outcome ? outcome.verdict : undefined;
    const downtimeMs = outcome.kind === 'passed' ? outcome.figures?.downtimeMs : undefined;
    const name = `attempt ${String(each.attempt)}`;
    return [
      each === row
        ? h('strong', { 'aria-current': 'true' }, `${name} (this)`)
        : testLink(name, indexOf.get(each) ?? 0),
      badge(each.status),
      formatDuration(each.durationMs),
      ...phases.map((phase) => {
        const spent = finished.phases.filter((timing) => timing.phase === phase);
        return spent.length === 0
          ? ''
          : formatMs(spent.reduce((sum, timing) => sum + timing.durationMs, 0));
      }),
      downtimeMs === undefined ? '' : formatMs(downtimeMs),
      verdict === undefined ? '' : formatCount(verdict.damagedPages),
      h('span', { class: 'wrapped' }, each.remark),
    ];
  });
  const hidden = attempts.length - shown.length;
  return h(
    'section',
    { 'aria-labelledby': 'attempts-title' },
    h('h3', { id: 'attempts-title' }, `Attempts: ${formatCount(attempts.length)}`),
    table('Attempts of this test', columns, rows),
    hidden > 0 ? h('p', {}, `and ${counted(hidden, 'more attempt')}`) : undefined,
  );
}

function figuresSection(figures: MigrationFigures | undefined): HTMLElement | undefined {
  if (figures === undefined) return undefined;
  const { downtimeMs, totalTimeMs, setupTimeMs, transferredBytes, dirtySyncCount } = figures;
  const ms = (value: number | undefined): string | undefined =>
    value === undefined ? undefined : formatMs(value);
  return h(
    'section',
    { 'aria-labelledby': 'figures-title' },
    h('h3', { id: 'figures-title' }, "QEMU's own figures"),
    facts([
      ['downtime', ms(downtimeMs)],
      ['total time', ms(totalTimeMs)],
      ['set-up', ms(setupTimeMs)],
      [
        'sent',
        transferredBytes === undefined ? undefined : `${formatCount(transferredBytes)} bytes`,
      ],
      ['iterations', dirtySyncCount === undefined ? undefined : String(dirtySyncCount)],
    ]),
  );
}

function attachmentsSection(files: readonly Attachment[]): HTMLElement | undefined {
  if (files.length === 0) return undefined;
  const entry = ({ name, bytes, href, text, isEnd }: Attachment): HTMLElement =>
    h(
      'li',
      {},
      h('a', { href }, name),
      bytes === 0 ? ' empty' : ` ${counted(bytes, 'byte')}`,
      text === undefined
        ? undefined
        : h(
            'details',
            {},
            h('summary', {}, isEnd === true ? `end of ${name}` : `content of ${name}`),
            h('pre', { tabindex: 0 }, text),
          ),
    );
  return h(
    'section',
    { 'aria-labelledby': 'files-title' },
    h('h3', { id: 'files-title' }, `Attachments: ${counted(files.length, 'file')}`),
    h('ul', { class: 'files' }, ...files.map(entry)),
  );
}
