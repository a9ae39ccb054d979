/** What the board answers over a results folder, request by request, without a network. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { madeDocument, madeSamples } from '../bench/bench.fixtures.js';
import { appendHistory } from '../bench/history/store.js';
import { folderFor } from '../model/scratch.fixtures.js';
import {
  attempt,
  failed,
  mixedRun,
  passed,
  passedRun,
  plain,
  runFinished,
  runStarted,
  tcp,
} from '../report/run.fixtures.js';
import { boardOver, bringRun, lines, writeRun } from './board.fixtures.js';
import type { Board } from './board.fixtures.js';

function someRuns(t: TestContext): { root: string; board: Board } {
  const root = folderFor(t);
  bringRun(root, 'night/clean', 'clean');
  bringRun(root, 'stress', 'stress');
  writeRun(root, 'mixed', mixedRun);
  writeRun(root, 'good', passedRun);
  return { root, board: boardOver(root) };
}

test('the list has every run of the folder, the newest first, and finds by words', async (t) => {
  const { board } = someRuns(t);
  const all = await board.get('/');
  assert.match(all, /4 runs, the newest first/);
  const order = [...all.matchAll(/<td>([^<]*)<\/td><\/tr>/g)].map(([, name]) => name);
  assert.deepEqual(new Set(order.slice(0, 2)), new Set(['night/clean', 'stress']), 'of 2026');
  assert.match(await board.get('/?q=mixed'), /1 run,.*broken/s);
  assert.match(await board.get('/?q=7.2.22+box+broken'), /1 run,/);
  assert.match(await board.get('/?q=nowhere'), /No run has all these words/);
});

test('a file that is no log, or is cut, is no run; text of a log is never markup', async (t) => {
  const root = folderFor(t);
  const hostile = '<script>alert(1)</script>';
  writeRun(root, 'hostile', [
    runStarted([plain], { machine: hostile, drover: hostile }),
    ...attempt(`/x/${hostile}"onmouseover="x`, failed),
  ]);
  mkdirSync(path.join(root, 'junk'));
  writeFileSync(path.join(root, 'junk', 'events.jsonl'), '{"type":"run-started"}\nmore\n');
  mkdirSync(path.join(root, 'empty'));
  writeFileSync(path.join(root, 'empty', 'events.jsonl'), '');
  const board = boardOver(root);
  assert.deepEqual(
    board.store.list().map(({ name }) => name),
    ['hostile'],
  );
  for (const address of ['/', '/tests', `/run/${board.idOf('hostile')}/`, `/?q=${hostile}`]) {
    const text = await board.get(address);
    assert.doesNotMatch(text, /<script>alert|"onmouseover="x"/, address);
  }
});

test('a run opens its page, its report, and the evidence in its folder alone', async (t) => {
  const { root, board } = someRuns(t);
  const place = `/run/${board.idOf('mixed')}`;
  assert.match(await board.get(`${place}/`), /memory-damaged/);
  const report = await board.get(`${place}/report.html`);
  assert.match(report, /<title>Drover report<\/title>.*id="payload"/s);
  writeFileSync(path.join(root, 'secret'), 'secret');
  writeFileSync(path.join(root, 'mixed', 'source.log'), 'a transcript');
  symlinkSync('../secret', path.join(root, 'mixed', 'link'));
  assert.equal(await board.get(`${place}/source.log`), 'a transcript');
  for (const bad of ['link', '..%2fsecret', '..%2f..%2f..%2f..%2fetc/passwd', '%00', 'mixed']) {
    assert.doesNotMatch(await board.get(`${place}/${bad}`, 404), /secret|root:/, bad);
  }
  await board.get('/run/0000000000000000/', 404);
});

test('the history of a test has each attempt, and sums by build of QEMU', async (t) => {
  const { root, board } = someRuns(t);
  writeRun(root, 'again', [
    runStarted([tcp], { time: '2025-03-05T05:06:07.000Z' }),
    ...attempt(tcp, passed, { durationMs: 1500 }),
  ]);
  const text = await board.get(`/test?name=${encodeURIComponent(tcp)}`);
  // failed from 10.0 to 7.2, then passed twice on 10.0 alone: no flakiness
  assert.match(text, /<svg.*attempts?, the newest first/s);
  assert.match(text, /7\.2\.22.*>0 %<.*>0 %</s);
  assert.match(await board.get('/tests?q=tcp+plain'), /precopy\/tcp\/plain/);
  await board.get('/test?name=/nothing', 404);
});

test('benchmarks are those of --history, and their absence is said', async (t) => {
  const { root, board } = someRuns(t);
  assert.match(await board.get('/bench'), /There is no history of benchmarks/);
  const document = madeDocument(madeSamples({ seed: 1, pairs: 6, ratio: 1, noise: 0.01 }));
  mkdirSync(path.join(root, 'history'));
  await appendHistory(path.join(root, 'history'), document);
  const trends = await board.get('/bench');
  assert.match(trends, /<title>drover history<\/title>.*<svg/s);
});

test('the page of a run that goes on follows its log to the end', async (t) => {
  const root = folderFor(t);
  const begin = [runStarted([plain, tcp]), ...attempt(plain, passed)];
  const log = writeRun(root, 'live', begin);
  const board = boardOver(root);
  const place = `/run/${board.idOf('live')}`;
  assert.match(await board.get('/'), /running/);
  assert.match(await board.get(`${place}/`), /id="live" data-events="\/run\/\w+\/events"/);
  const answer = await board.ask(`${place}/events`);
  assert.match(answer.headers.get('Content-Type') ?? '', /^text\/event-stream/);
  assert.ok(answer.body !== null);
  const body: ReadableStream<Uint8Array> = answer.body;
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  const until = async (pattern: RegExp): Promise<void> => {
    while (!pattern.test(text)) {
      const { done, value } = await reader.read();
      if (done) assert.fail(`the events ended without ${String(pattern)}: ${text}`);
      text += decoder.decode(value, { stream: true });
    }
  };
  await until(/"total":2,.*"counts":\{"passed":1,/);
  const [started, ...rest] = attempt(tcp, failed);
  // in two pieces, and the second line not whole at first
  const more = lines(rest);
  appendFileSync(log, `${JSON.stringify(started)}\n${more.slice(0, 40)}`);
  await until(/"running":\[\{"test":"[^"]*tcp\/plain"/);
  appendFileSync(log, more.slice(40) + lines([runFinished(begin)]));
  await until(/"failed":1,.*"bad":\[\{.*"ended":true/);
  assert.equal((await reader.read()).done, true, 'the stream ends with the run');
});

test('metrics are OpenMetrics, with a run that goes on', async (t) => {
  const root = folderFor(t);
  bringRun(root, 'stress', 'stress');
  const name = 'now "on"';
  writeRun(root, name, [runStarted([plain]), ...attempt(plain, passed)]);
  const board = boardOver(root);
  const answer = await board.ask('/metrics');
  assert.match(answer.headers.get('Content-Type') ?? '', /^application\/openmetrics-text;/);
  const all = (await answer.text()).split('\n');
  assert.deepEqual(all.slice(-2), ['# EOF', '']);
  const families = new Set<string>();
  for (const line of all.slice(0, -2)) {
    const [, family] = /^# (?:TYPE|UNIT|HELP) (\w+) /.exec(line) ?? [];
    if (family !== undefined) families.add(family);
    else assert.match(line, /^\w+(\{\w+="(?:[^"\\]|\\.)*"(,\w+="(?:[^"\\]|\\.)*")*\})? [\d.e+-]+$/);
    const [, sample = ''] = /^(\w+)\{/.exec(line) ?? [];
    assert.ok(sample === '' || families.has(sample.replace(/_total$/, '')), line);
  }
  const label = 'now \\"on\\"';
  assert.ok(all.includes(`drover_run_attempts_total{run="${label}",outcome="passed"} 1`));
});

test('on loopback only loopback names are answered; elsewhere only the token', async (t) => {
  const { root, board } = someRuns(t);
  assert.equal((await board.ask('/', { Host: 'evil.example' })).status, 403);
  assert.equal((await board.ask('/', { Host: '127.0.0.1.evil.example' })).status, 403);
  assert.equal((await board.ask('/', { Host: '[::1]:8020' })).status, 200);
  const closed = boardOver(root, 'secret-token');
  const from = { Host: 'box:8020' };
  assert.equal((await closed.ask('/', from)).status, 401);
  assert.equal((await closed.ask('/?token=other', from)).status, 401);
  assert.equal((await closed.ask('/board.js', from)).status, 401);
  const entry = await closed.ask('/?q=a&token=secret-token', from);
  assert.equal(entry.status, 302);
  assert.equal(entry.headers.get('Location'), '/?q=a');
  const cookie = entry.headers.get('Set-Cookie') ?? '';
  assert.match(cookie, /HttpOnly; SameSite=Strict/);
  const [pair = ''] = cookie.split(';');
  assert.equal((await closed.ask('/', { ...from, Cookie: pair })).status, 200);
  const bearer = { ...from, Authorization: 'Bearer secret-token' };
  assert.equal((await closed.ask('/metrics', bearer)).status, 200);
});
