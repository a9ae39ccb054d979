import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { folderFor } from '../../model/scratch.fixtures.js';
import type { PageDetail, PagePayload } from './payload.js';
import { InlineBudget, readEvidence } from './evidence.js';
import { everything, hostile, writeReport } from './report.fixtures.js';

/** What stands in the element with this id; its end is the first end tag, as a browser sees it. */
function content(html: string, id: string): string {
  const start = html.indexOf(`id="${id}">`) + id.length + 6;
  return html.slice(start, html.indexOf('</script', start));
}

test('every result and its detail can be read back from the file, whatever text they hold', async (t) => {
  const folder = folderFor(t);
  const events = everything(folder);
  const html = readFileSync(await writeReport(join(folder, 'report.html'), events), 'utf8');
  const payload = JSON.parse(content(html, 'payload')) as PagePayload;
  const details = content(html, 'details');
  const finished = events.filter((event) => event.type === 'test-finished');
  assert.equal(payload.rows.length, finished.length);
  for (const [index, { at, length, test: name, attempt }] of payload.rows.entries()) {
    const detail = JSON.parse(details.slice(at, at + length)) as PageDetail;
    assert.deepEqual([detail.finished.test, detail.finished.attempt], [name, attempt]);
    assert.equal(finished[index]?.test, name);
  }
  const bold = payload.rows.find(({ family, status }) => family === 'mine' && status === 'failed');
  assert.equal(bold?.remark, hostile);
  assert.deepEqual(
    payload.runs.map(({ versions }) => versions),
    ['10.0.8', '10.0.8 to 7.2.22'],
  );
});

test('nothing of the text of others is markup in the file', async (t) => {
  const folder = folderFor(t);
  const file = await writeReport(join(folder, 'report.html'), everything(folder));
  const html = readFileSync(file, 'utf8');
  assert.ok(!html.includes('<img') && !html.includes('<!--') && !html.includes('<b>'));
  assert.equal(html.match(/<script/g)?.length, 3);
});

test('evidence is bounded: the end of a long text, a link for what is no text, nothing beyond the budget', (t) => {
  const folder = folderFor(t);
  const directory = everything(folder).flatMap((event) =>
    event.type === 'test-finished' && event.directory?.startsWith(folder) ? [event.directory] : [],
  )[0]!;
  const found = readEvidence(directory, join(folder, 'elsewhere'), new InlineBudget())!;
  const file = (name: string): (typeof found.files)[number] =>
    found.files.find((each) => each.name === name)!;
  assert.equal(file('source.stderr').href, '../results/tcp%20plain-1/source.stderr');
  assert.equal(file('destination.ram').text, undefined);
  assert.equal(file('destination.ram').bytes, 40_000);
  const long = file('long.txt');
  assert.ok(long.isEnd === true && long.text?.endsWith('last line\n') && long.text.length < 20_000);
  assert.deepEqual(
    found.transcripts.map(({ machine, messages }) => [machine, messages.length]),
    [
      ['destination', 1],
      ['source', 3],
    ],
  );
  const poor = readEvidence(directory, folder, new InlineBudget(100))!;
  assert.ok(poor.files.length === found.files.length);
  assert.ok(poor.files.every(({ text = '' }) => text.length <= 100));
  assert.equal(readEvidence(join(folder, 'nowhere'), folder, new InlineBudget()), undefined);
});
