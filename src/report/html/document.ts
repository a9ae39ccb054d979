/**
 * The HTML file in pieces: one document that needs no other file and loads nothing from the
 * network. It contains text from QEMU as data only, with every `<` escaped, and the page makes text
 * nodes of it, never markup; the policy in the head allows only the page's own script.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { TimedAttempt, TimedRun } from '../fold/timeline.js';
import { printableLine } from '../../model/text/printable.js';
import { rerunCommand } from '../fold/rerun-line.js';
import { runProblems } from '../fold/run-result.js';
import { familyOf, testStatusOf } from '../fold/test-status.js';
import { InlineBudget, readEvidence } from './evidence.js';
import type { PageDetail, PagePayload, PageRow, PageRun } from './payload.js';

/** made by the build from the folder `page` */
const script = (): string => readFileSync(new URL('./page.js', import.meta.url), 'utf8');
const style = (): string => readFileSync(new URL('./page.css', import.meta.url), 'utf8');

/** JSON for a script element; times to the hundredth of a millisecond. */
function embedded(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'number' && !Number.isInteger(member)
      ? Math.round(member * 100) / 100
      : member,
  ).replaceAll('<', '\\u003c');
}

function pageRun({ record }: TimedRun): PageRun {
  const { started, finished, durationMs, warnings } = record;
  const versions = started === undefined ? 'unknown' : versionsOf(started);
  const { tests: _tests, testFiles: _files, shard, ...kept } = started ?? {};
  return {
    versions,
    started: started && (kept as PageRun['started']),
    shard: shard && { index: shard.index, total: shard.total },
    finished,
    durationMs,
    problems: runProblems(record),
    warnings: warnings.map(({ message }) => message),
  };
}

function versionsOf({
  source,
  destination,
}: Pick<NonNullable<TimedRun['record']['started']>, 'source' | 'destination'>): string {
  return source.version === destination.version
    ? source.version
    : `${source.version} to ${destination.version}`;
}

function remarkOf({ finished: { outcome } }: TimedAttempt): string | undefined {
  if (outcome.kind === 'skipped') return outcome.reason;
  if (outcome.kind !== 'failed' && outcome.kind !== 'broken') return undefined;
  return printableLine(outcome.failure.message).slice(0, 300);
}

function pageRow(
  attempt: TimedAttempt,
  run: number,
  timed: TimedRun,
  place: { at: number; length: number },
): PageRow {
  const { finished, startMs, endMs, slot, shard } = attempt;
  return {
    run,
    test: finished.test,
    attempt: finished.attempt,
    label: timed.record.labels.of(finished),
    family: familyOf(finished.test),
    status: testStatusOf(finished),
    durationMs: finished.durationMs,
    startMs,
    endMs,
    slot,
    shard,
    remark: remarkOf(attempt),
    ...place,
  };
}

const hashOf = (text: string): string =>
  `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

function head(title: string, js: string, css: string): string {
  const policy = `default-src 'none'; script-src ${hashOf(js)}; style-src ${hashOf(css)}; base-uri 'none'; form-action 'none'`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${css}</style>
</head>
<body>
<noscript><p>This report needs JavaScript. It asks the network for nothing; the same results are in the JUnit and JSON reports.</p></noscript>
<script type="text/plain" id="details">`;
}

/** The pieces joined are the file; evidence is read as the pieces are made. */
export function* htmlPieces(runs: readonly TimedRun[], htmlFolder: string): Generator<string> {
  const [js, css] = [script(), style()];
  const budget = new InlineBudget();
  const rows: PageRow[] = [];
  yield head('Drover report', js, css);
  let at = 0;
  for (const [run, timed] of runs.entries()) {
    for (const attempt of timed.attempts()) {
      const { finished } = attempt;
      const evidence =
        finished.directory === undefined
          ? undefined
          : readEvidence(finished.directory, htmlFolder, budget);
      const detail: PageDetail = {
        finished,
        rerun: rerunCommand(finished.test, timed.record.started),
        evidence,
      };
      const text = embedded(detail);
      rows.push(pageRow(attempt, run, timed, { at, length: text.length }));
      at += text.length + 1;
      yield `${text}\n`;
    }
  }
  const payload: PagePayload = { runs: runs.map(pageRun), rows };
  yield `</script>\n<script type="application/json" id="payload">${embedded(payload)}</script>\n`;
  yield `<script>${js}</script>\n</body>\n</html>\n`;
}
