import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, symlinkSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { folderFor } from '../../model/scratch.fixtures.js';
import { EvidenceStore } from './evidence-store.js';

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

test('a file is kept under its digest, and copied to its name', async (t) => {
  const folder = folderFor(t);
  const store = new EvidenceStore(path.join(folder, 'store'));
  const sha256 = digestOf('words');
  assert.equal(store.has(sha256), false);
  await store.put(sha256, Readable.from([Buffer.from('wo'), Buffer.from('rds')]));
  await store.put(sha256, Readable.from([Buffer.from('words')]));
  assert.equal(store.has(sha256), true);
  const into = path.join(folder, 'into');
  mkdirSync(into);
  const absent = { path: 'b', sha256: digestOf('other'), bytes: 5 };
  const climbing = { path: '../c', sha256, bytes: 5 };
  const files = [{ path: 'deep/a.txt', sha256, bytes: 5 }, absent, climbing];
  assert.deepEqual(store.copyInto(into, files), [absent, climbing]);
  assert.equal(readFileSync(path.join(into, 'deep/a.txt'), 'utf8'), 'words');
  assert.deepEqual(readdirSync(folder).sort(), ['into', 'store']);
});

test('more than the limit, another content, and a broken connection leave nothing', async (t) => {
  const folder = folderFor(t);
  const store = new EvidenceStore(folder, 1024 * 1024);
  const large = 'x'.repeat(1024 * 1024 + 1);
  await assert.rejects(
    store.put(digestOf(large), Readable.from([Buffer.from(large)])),
    /larger than 1 MiB, the limit of one attempt/,
  );
  await assert.rejects(store.put(digestOf('a'), Readable.from([Buffer.from('b')])), /the digest/);
  const broken = Readable.from(
    (async function* () {
      yield Buffer.from('a');
      throw new Error('the host is gone');
    })(),
  );
  await assert.rejects(store.put(digestOf('a'), broken), /the host is gone/);
  assert.deepEqual(readdirSync(path.join(folder, 'arriving')), []);
  assert.equal(store.has(digestOf('a')), false);
});

test('old files go, and a link among them is not followed', async (t) => {
  const folder = folderFor(t);
  const outside = folderFor(t);
  const store = new EvidenceStore(folder);
  for (const text of ['old', 'new']) {
    await store.put(digestOf(text), Readable.from([Buffer.from(text)]));
  }
  const old = path.join(folder, digestOf('old').slice(0, 2), digestOf('old'));
  utimesSync(old, 0, 0);
  symlinkSync(outside, path.join(folder, 'link'));
  await store.sweep(3_600_000);
  assert.deepEqual([store.has(digestOf('old')), store.has(digestOf('new'))], [false, true]);
});
