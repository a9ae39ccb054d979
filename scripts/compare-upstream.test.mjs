import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { allTests } from '../dist/suite/registry.js';
import { compareUpstream, upstreamPaths } from './compare-upstream.mjs';

const own = [
  { path: '/migration/precopy/unix/plain' },
  { path: '/migration/precopy/fd/file' },
  { path: '/migration/mode/transfer/defer' },
  { path: '/migration/precopy/exec/plain', origin: 'drover' },
];

test('only tests of upstream are taken from its list, whatever else it prints', () => {
  const list = [
    '# random seed: R02S1',
    '/x86_64/migration/precopy/unix/plain',
    '/x86_64/migration/precopy/unix/plain',
    '/s390x/migration/bad_dest ',
    '/x86_64/dirty_limit',
    'ok 1 /x86_64/migration/x',
  ].join('\n');
  assert.deepEqual(upstreamPaths(list), [
    '/migration/precopy/unix/plain',
    '/migration/bad_dest',
    '/dirty_limit',
  ]);
});

test('what Drover lacks, spells otherwise and has more', () => {
  const upstream = [
    '/migration/precopy/unix/plain',
    '/migration/mode/transfer/deferred',
    '/migration/colo/plain/primary_failover',
  ];
  assert.deepEqual(compareUpstream(upstream, own), {
    equal: 1,
    lacking: ['/migration/colo/plain/primary_failover'],
    spelled: [['/migration/mode/transfer/deferred', '/migration/mode/transfer/defer']],
    gone: ['/migration/precopy/fd/file'],
  });
});

test('Drover has every test of 10.2.2, by the same name', () => {
  const list = readFileSync(new URL('upstream/10.2.2.txt', import.meta.url), 'utf8');
  const { equal, lacking, spelled } = compareUpstream(upstreamPaths(list), allTests);
  assert.deepEqual({ equal, lacking, spelled }, { equal: 93, lacking: [], spelled: [] });
});
