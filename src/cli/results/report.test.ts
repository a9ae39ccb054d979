import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { DroverEvent } from '../../model/events.js';
import { Scratch } from '../../model/scratch.fixtures.js';
import * as fixtures from '../../report/run.fixtures.js';
import { drover } from '../process/drover.fixtures.js';

function folderWith(scratch: Scratch, events: readonly DroverEvent[]): string {
  const folder = path.join(scratch.directory, 'results');
  mkdirSync(folder);
  const text = events.map((event) => `${JSON.stringify(event)}\n`).join('');
  writeFileSync(path.join(folder, 'events.jsonl'), text);
  return folder;
}

test('a run that is over is shown again, and every report of it can be made', async () => {
  using scratch = new Scratch();
  const folder = folderWith(scratch, fixtures.mixedRun);
  const file = (name: string): string => path.join(scratch.directory, name);
  const options = ['junit', 'json', 'markdown', 'trace'].flatMap((kind) => [
    `--${kind}`,
    file(kind),
  ]);
  const ran = await drover(['report', folder, ...options], scratch);
  assert.equal(ran.code, 0, ran.stderr);
  assert.match(ran.stdout, /^FAIL {3}\/x86_64\/migration\/precopy\/tcp\/plain/m);
  assert.match(ran.stdout, /1 failed, 1 broken, 1 passed, 1 skipped in/);
  assert.match(readFileSync(file('junit'), 'utf8'), /<testsuites/);
  assert.match(readFileSync(file('markdown'), 'utf8'), /^## Drover/);
  for (const name of ['json', 'trace']) JSON.parse(readFileSync(file(name), 'utf8'));
});

test('evidence is found in the folder of the log, wherever that was copied to', async () => {
  using scratch = new Scratch();
  const events = fixtures.mixedRun.map((event) =>
    event.type === 'test-finished' && event.directory !== undefined
      ? { ...event, directory: '/home/ci/results/unix-plain-1' }
      : event,
  );
  const folder = folderWith(scratch, events);
  const evidence = path.join(folder, 'unix-plain-1');
  mkdirSync(evidence);
  const { stdout } = await drover(['report', folder], scratch);
  assert.ok(stdout.includes(`evidence    ${evidence}\n`), stdout);
});

test('CI services get annotations in their jobs, with TAP on standard error', async () => {
  using scratch = new Scratch();
  const folder = folderWith(scratch, fixtures.mixedRun);
  const summary = path.join(scratch.directory, 'summary.md');
  const job = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary, CI: 'true' };
  const ran = await drover(['report', folder, '--tap'], scratch, job);
  assert.match(ran.stderr, /^::error title=failed%3A/m);
  assert.match(ran.stdout, /^TAP version 14/);
  assert.doesNotMatch(ran.stdout, /::/);
  assert.match(readFileSync(summary, 'utf8'), /^## Drover/);
  const silent = await drover(['report', folder, '--annotations', 'none'], scratch, job);
  assert.doesNotMatch(silent.stdout, /::error/);
  const gitlab = await drover(['report', folder], scratch, { GITLAB_CI: 'true' });
  assert.match(gitlab.stdout, /section_start:\d+:drover_failure_1/);
});

test('a file that is not a log, or a path that cannot be written, is refused and nothing is written', async () => {
  using scratch = new Scratch();
  const folder = folderWith(scratch, fixtures.mixedRun.slice(1));
  const junit = path.join(scratch.directory, 'junit.xml');
  const none = await drover(['report', folder, '--junit', junit], scratch);
  assert.equal(none.code, 2);
  assert.match(none.stderr, /events.jsonl does not begin with run-started, but with test-started/);
  assert.throws(() => readFileSync(junit));
  const nowhere = await drover(['report', `${folder}/x`], scratch);
  assert.equal(nowhere.code, 2);
  const place = await drover(['report', folder, '--trace', '/nowhere/trace'], scratch);
  assert.equal(place.code, 2);
  assert.match(place.stderr, /cannot write a report to \/nowhere\/trace/);
});

test('several runs go into one HTML file, with both pairs of versions, and into nothing else', async () => {
  using scratch = new Scratch();
  const folder = folderWith(scratch, fixtures.mixedRun);
  const html = path.join(scratch.directory, 'report.html');
  const both = await drover(['report', folder, `${folder}/events.jsonl`, '--html', html], scratch);
  assert.equal(both.code, 0, both.stderr);
  const text = readFileSync(html, 'utf8');
  assert.equal(text.match(/"versions":"10.0.8 to 7.2.22"/g)?.length, 2);
  for (const options of [[], ['--html', html, '--tap'], ['--json', html]]) {
    const refused = await drover(['report', folder, folder, ...options], scratch);
    assert.equal(refused.code, 2, refused.stdout);
    assert.match(refused.stderr, /several runs (need --html FILE|fit into --html only)/);
  }
});
