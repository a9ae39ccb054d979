import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { DroverEvent } from '../../model/events.js';
import type { Failure } from '../../model/outcome.js';
import { folderFor } from '../../model/scratch.fixtures.js';
import { FileReporter } from '../file-reporter.js';
import { markdownOf, mostCharacters } from './markdown.js';
import { code, codeBlock, plain } from './markdown-text.js';
import * as fixtures from '../run.fixtures.js';
import { RunRecord } from '../fold/summary.js';

function recordOf(events: readonly DroverEvent[]): RunRecord {
  const record = new RunRecord();
  for (const event of events) record.add(event);
  return record;
}

test('failures come first, flaky tests and the reasons of skips have sections of their own', async (t) => {
  const file = join(folderFor(t), 'summary.md');
  const reporter = new FileReporter('Markdown', file, new RunRecord(), (record) => [
    markdownOf(record),
  ]);
  const { failed, passed } = fixtures;
  for (const event of [
    ...fixtures.mixedRun.slice(0, -1),
    ...fixtures.attempt('/x86_64/migration/flaky', failed, { willRetry: true }),
    ...fixtures.attempt('/x86_64/migration/flaky', passed, { attempt: 2, retry: 1 }),
    ...fixtures.attempt('/x86_64/migration/known', failed, {
      quarantined: { owner: 'me', reason: 'a bug', expires: '2027-01-01' },
    }),
    fixtures.runFinished([]),
  ]) {
    reporter.onEvent(event);
  }
  await reporter.close();
  const text = readFileSync(file, 'utf8');
  assert.match(
    text,
    /^## Drover\n\n\*\*1 failed, 1 broken, 1 flaky, 1 quarantined, 1 retried, 1 skipped, 1 passed\*\*/,
  );
  const titles = [...text.matchAll(/^### (.*)$/gm)].map(([, title]) => title);
  assert.deepEqual(titles, ['Failures', 'Flaky', 'Quarantined', 'Skipped', 'Slowest']);
  assert.match(text, /<b>failed: [^<]*precopy\/tcp\/plain<\/b>/);
  assert.match(text, /1 test: needs file&#58; URIs/);
  assert.match(text, /QEMU 10.0.8 to 7.2.22/);
});

test('problems of the run as a whole are at the top', () => {
  const incomplete = markdownOf(recordOf(fixtures.cancelledRun.slice(0, -1)));
  assert.match(incomplete, /> \*\*the run ended before it was complete/);
  const broken = markdownOf(recordOf(fixtures.brokenRun));
  assert.match(broken, /> \*\*the run could not be carried out&#58; no worker could be started/);
});

test('the size is limited, and the summary counts what it leaves out', () => {
  const names = Array.from(
    { length: 3000 },
    (_, index) => `/x86_64/migration/test/${String(index)}`,
  );
  const events: DroverEvent[] = [
    fixtures.runStarted(names),
    ...names.flatMap((name, index) =>
      index % 2 === 0
        ? fixtures.attempt(name, fixtures.late)
        : [fixtures.testFinished(name, { kind: 'skipped', reason: `reason ${String(index)}` })],
    ),
  ];
  const text = markdownOf(recordOf(events));
  assert.ok(text.length <= mostCharacters, `has ${String(text.length)} characters`);
  assert.ok(text.length > mostCharacters / 2, 'and uses the room');
  assert.match(text, /and [\d,]+ more failures/);
  assert.match(text, /and [\d,]+ more reasons/);
});

test('text of others stays text', () => {
  assert.equal(
    plain('<b>@me</b> | `x` #1'),
    '&#60;b&#62;&#64;me&#60;/b&#62; &#124; &#96;x&#96; &#35;1',
  );
  assert.equal(code('a`b'), '``a`b``');
  assert.equal(code('a|b\nc'), '`a¦b c`');
  assert.equal(codeBlock(['```', 'x']), '````text\n```\nx\n````');
  const failure: Failure = { code: 'x', message: '</summary><script>alert(1)</script>' };
  const text = markdownOf(
    recordOf([
      fixtures.runStarted([fixtures.plain]),
      ...fixtures.attempt(fixtures.plain, { kind: 'failed', failure }),
    ]),
  );
  const outside = text.replaceAll(/^(`{3,})text\n[^]*?\n\1$/gm, '');
  assert.ok(!outside.includes('<script>'));
});
