/** Logs that come from elsewhere, and requests that no page makes: they spoil nothing else. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { folderFor } from '../model/scratch.fixtures.js';
import {
  attempt,
  mixedRun,
  passed,
  plain,
  runFinished,
  runStarted,
} from '../report/run.fixtures.js';
import { boardOver, writeRun } from './board.fixtures.js';

const begun = [runStarted([plain]), ...attempt(plain, passed)];
const clean = [...begun, runFinished(begun)];

test('a report shows only files below the folder of its run, whatever its log names', async (t) => {
  const root = folderFor(t);
  const secret = path.join(root, 'elsewhere');
  mkdirSync(secret);
  writeFileSync(path.join(secret, 'notes.txt'), 'a secret of the host');
  for (const [name, directory] of [
    ['absolute', secret],
    ['climbing', '../../elsewhere'],
    ['linked', 'evidence'],
  ] as const) {
    const events = mixedRun.map((event) =>
      event.type === 'test-finished' ? { ...event, directory } : event,
    );
    writeRun(path.join(root, 'results'), name, events);
  }
  symlinkSync(secret, path.join(root, 'results', 'linked', 'evidence'));
  const board = boardOver(path.join(root, 'results'));
  for (const name of ['absolute', 'climbing', 'linked']) {
    const page = await board.get(`/run/${board.idOf(name)}/report.html`);
    assert.ok(!page.includes('a secret of the host'), name);
  }
});

test('evidence below the folder of the run is in the report', async (t) => {
  const root = folderFor(t);
  const events = mixedRun.map((event) =>
    event.type === 'test-finished' ? { ...event, directory: 'evidence' } : event,
  );
  writeRun(root, 'own', events);
  mkdirSync(path.join(root, 'own', 'evidence'));
  writeFileSync(path.join(root, 'own', 'evidence', 'notes.txt'), 'what the test left');
  const board = boardOver(root);
  const page = await board.get(`/run/${board.idOf('own')}/report.html`);
  assert.ok(page.includes('what the test left'));
});

const damaged: readonly (readonly [string, string])[] = [
  ['an outcome without a kind', '"outcome":{}'],
  ['a failure that is none', '"outcome":{"kind":"failed","failure":null}'],
];
for (const [what, outcome] of damaged) {
  test(`${what} spoils no page`, async (t) => {
    const root = folderFor(t);
    writeRun(root, 'good', clean);
    const log = writeRun(root, 'bad', begun);
    const line = `{"type":"test-finished","test":"/x","attempt":1,"durationMs":1,"phases":[],${outcome}}`;
    appendFileSync(log, `${line}\n`);
    const board = boardOver(root);
    await board.get('/');
    assert.ok((await board.get('/tests')).includes(plain));
    await board.get(`/test?name=${encodeURIComponent(plain)}`);
    await board.get(`/run/${board.idOf('bad')}/`);
  });
}

test('a run whose beginning lacks what the list shows is not listed, and spoils no page', async (t) => {
  const root = folderFor(t);
  writeRun(root, 'good', clean);
  const log = writeRun(root, 'bad', []);
  appendFileSync(log, `${JSON.stringify({ ...runStarted([plain]), host: {} })}\n`);
  const page = await boardOver(root).get('/');
  assert.ok(page.includes('good') && !page.includes('>bad<'));
});

test('half of a character in the name of a test is shown as what it is', async (t) => {
  const root = folderFor(t);
  writeRun(root, 'odd', [runStarted(['/x/\ud800']), ...attempt('/x/\ud800', passed)]);
  const board = boardOver(root);
  assert.ok((await board.get('/tests')).includes('/x/\ufffd'));
  await board.get(`/run/${board.idOf('odd')}/`);
});

test('a log that cannot be read to its end has no report, and says why', async (t) => {
  const root = folderFor(t);
  const log = writeRun(root, 'newer', []);
  appendFileSync(log, `${JSON.stringify({ ...runStarted([plain]), schema: 99 })}\n`);
  const board = boardOver(root);
  assert.match(
    await board.get(`/run/${board.idOf('newer')}/report.html`),
    /This run has no report: .*99/,
  );
});

test('a request for the head alone leaves neither a follower nor an open file', async (t) => {
  const root = folderFor(t);
  writeRun(root, 'live', begun);
  writeFileSync(path.join(root, 'live', 'big.log'), Buffer.alloc(2 ** 20));
  const board = boardOver(root);
  const head = async (address: string): Promise<number> => {
    const headers = { Host: 'localhost:8020' };
    const url = `http://localhost:8020/run/${board.idOf('live')}/${address}`;
    return (await board.app.request(url, { method: 'HEAD', headers })).status;
  };
  const open = (): number => readdirSync('/proc/self/fd').length;
  const before = open();
  for (let each = 0; each < 70; each++) {
    assert.equal(await head('events'), 200);
    assert.equal(await head('big.log'), 200);
  }
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.ok(open() < before + 40, `${before} descriptors, then ${open()}`);
  const followed = await board.ask(`/run/${board.idOf('live')}/events`);
  assert.equal(followed.status, 200);
  await followed.body?.cancel();
});
