/**
 * Every family of tests can fail: a QEMU killed at any migration status, a QEMU that hangs, memory that
 * was altered. None of it may pass, hang, or leave a process. DROVER_TEST_SABOTAGE=all kills both sides at
 * every status, and lets both hang; otherwise the first and the last status are taken, and some families hang.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Side } from '../model/outcome.js';
import { outcomeOf, qemu } from './attempt.fixtures.js';
import { findTest } from './registry.js';
import { altered, harmed, watched } from './sabotage.fixtures.js';
import type { Moment } from './sabotage.fixtures.js';

/** one test of each family whose guest arrives, and has to be whole */
const families: readonly (readonly [string, string])[] = [
  ['precopy', '/migration/precopy/unix/plain'],
  ['multifd', '/migration/multifd/tcp/uri/plain/none'],
  ['file', '/migration/precopy/file'],
  ['descriptors', '/migration/precopy/fd/tcp'],
  ['TLS', '/migration/precopy/tcp/tls/psk/match'],
  ['postcopy', '/migration/postcopy/plain'],
  ['compression', '/migration/precopy/unix/xbzrle'],
  ['validation', '/migration/validate_uuid'],
  ['CPR', '/migration/mode/reboot'],
];

const sides: readonly Side[] = ['source', 'destination'];
const all = process.env['DROVER_TEST_SABOTAGE'] === 'all';
/** each costs its deadline */
const hanging = new Set(['precopy', 'file', 'postcopy']);

for (const [family, path] of families) {
  const definition = findTest(path);
  assert.ok(definition !== undefined, `${path} is a test`);

  void test(
    `${family}: a QEMU killed at any status fails the test`,
    { skip: qemu.skip },
    async () => {
      const moments: Moment[] = [];
      const unharmed = await outcomeOf(watched(definition, moments));
      assert.equal(unharmed.kind, 'passed', JSON.stringify(unharmed));
      assert.ok(moments.length >= 3, JSON.stringify(moments));
      const chosen = all ? moments : [...moments.slice(0, 1), ...moments.slice(-1)];
      for (const [index, moment] of chosen.entries()) {
        for (const victim of all ? sides : sides.filter((_, side) => (index + side) % 2 === 0)) {
          let struck = false;
          const harm = { moment, victim, signal: 'SIGKILL' } as const;
          const outcome = await outcomeOf(
            harmed(definition, harm, () => {
              struck = true;
            }),
          );
          const text = `${victim} killed when the ${moment.side} told ${moment.status}: ${JSON.stringify(outcome)}`;
          assert.ok(struck, `the moment came: ${text}`);
          assert.equal(outcome.kind, 'failed', text);
          assert.equal(outcome.failure.side, victim, text);
          assert.match(outcome.failure.message, /SIGKILL/, text);
        }
      }
    },
  );

  void test(
    `${family}: a QEMU that hangs runs into the deadline`,
    { skip: all || hanging.has(family) ? qemu.skip : 'only with DROVER_TEST_SABOTAGE=all' },
    async () => {
      for (const victim of all ? sides : sides.slice(0, 1)) {
        let struck = false;
        const outcome = await outcomeOf(
          harmed(
            definition,
            { moment: { side: 'source', status: 'active' }, victim, signal: 'SIGSTOP' },
            () => {
              struck = true;
            },
          ),
          3000,
        );
        assert.ok(struck, JSON.stringify(outcome));
        assert.equal(outcome.kind, 'failed', JSON.stringify(outcome));
        assert.equal(outcome.failure.code, 'test-timeout', JSON.stringify(outcome));
      }
    },
  );

  void test(`${family}: an altered page is found and named`, { skip: qemu.skip }, async () => {
    let page: number | undefined;
    const outcome = await outcomeOf(
      altered(definition, (address) => {
        page = address;
      }),
    );
    assert.equal(outcome.kind, 'failed', JSON.stringify(outcome));
    assert.equal(outcome.failure.code, 'memory-damaged', JSON.stringify(outcome));
    assert.equal(outcome.verdict?.damagedPages, 1);
    assert.equal(outcome.verdict.level, 'byte');
    assert.equal(outcome.verdict.damage[0]?.start, page);
  });
}
