import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { DroverEvent } from '../../model/events.js';
import { AnnotationReporter, workflowCommand } from './annotations.js';
import type { AnnotationOptions } from './annotations.js';
import { folderFor } from '../../model/scratch.fixtures.js';
import * as fixtures from '../run.fixtures.js';
import { Paper } from '../console/scripted.fixtures.js';

async function written(
  events: readonly DroverEvent[],
  options: Omit<AnnotationOptions, 'stream' | 'root'>,
): Promise<string> {
  const stream = new Paper();
  const reporter = new AnnotationReporter({ ...options, stream, root: '/checkout' });
  for (const event of events) reporter.onEvent(event);
  await reporter.close();
  return stream.text;
}

/** as the runner reads them: leading blanks do not matter */
const commands = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trimStart())
    .filter((line) => line.startsWith('::'));

test('a workflow command holds whatever text in one line', () => {
  const command = workflowCommand({
    level: 'error',
    title: 'a:b,c',
    text: '100 %\n::x',
    file: 'a,b:c',
  });
  assert.equal(command, '::error file=a%2Cb%3Ac,title=a%3Ab%2Cc::100 %25%0A::x');
});

test('GitHub gets an error for each failure and skips in a group, and nothing before is a command', async (t) => {
  const summaryPath = join(folderFor(t), 'summary');
  writeFileSync(summaryPath, 'of an earlier step\n');
  const events = fixtures.mixedRun.map((event) =>
    event.type === 'run-started'
      ? { ...event, testFiles: { [fixtures.tcp]: '/checkout/tests/mine.mjs' } }
      : event,
  );
  const text = await written(events, { service: 'github', summaryPath });
  const [stop, go, ...rest] = commands(text);
  assert.equal(stop, `::stop-commands::${go?.slice(2, -2) ?? ''}`);
  assert.match(
    rest[0] ?? '',
    /^::error file=tests\/mine.mjs,title=failed%3A \/x86_64\/migration\/precopy\/tcp\/plain::error +memory-damaged/,
  );
  assert.match(rest[1] ?? '', /^::error title=broken%3A \/x86_64\/migration\/bad_dest::/);
  assert.deepEqual(rest.slice(2), ['::group::Skipped, by reason', '::endgroup::']);
  assert.match(text, /^1 test: needs file: URIs/m);
  assert.match(readFileSync(summaryPath, 'utf8'), /^of an earlier step\n## Drover/);
});

test('GitHub shows ten errors of a step: the tenth counts the others', async () => {
  const names = Array.from({ length: 25 }, (_, index) => `/x86_64/t/${String(index)}`);
  const events = [
    fixtures.runStarted(names),
    ...names.flatMap((name) => fixtures.attempt(name, fixtures.failed)),
  ];
  const text = await written([...events, fixtures.runFinished(events)], { service: 'github' });
  const errors = commands(text).filter((line) => line.startsWith('::error'));
  assert.equal(errors.length, 10);
  assert.equal(errors.at(-1), "::error title=drover::16 more tests, see the job's summary");
});

test('GitLab gets a folded section for each failure and for skips', async () => {
  const text = await written(fixtures.mixedRun, { service: 'gitlab' });
  const visible = text.replaceAll('\u001B', 'ESC');
  const starts = [
    ...visible.matchAll(/ESC\[0Ksection_start:(\d+):(\w+)\[collapsed=true\]\rESC\[0K(.*)/g),
  ];
  const ends = [...visible.matchAll(/ESC\[0Ksection_end:(\d+):(\w+)\rESC\[0K/g)];
  assert.deepEqual(
    starts.map(([, , name]) => name),
    ['drover_failure_1', 'drover_failure_2', 'drover_skipped'],
  );
  assert.deepEqual(
    ends.map(([, , name]) => name),
    starts.map(([, , name]) => name),
  );
  assert.equal(starts[0]?.[3], `failed: ${fixtures.tcp}`);
  assert.equal(starts[0][1], String(Date.parse('2025-03-04T05:06:08Z') / 1000));
});

test('an incomplete run is an error of its own', async () => {
  const text = await written(fixtures.cancelledRun.slice(0, -1), { service: 'github' });
  assert.match(text, /::error title=drover::the run ended before it was complete/);
});
