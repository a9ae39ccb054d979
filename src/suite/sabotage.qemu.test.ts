/**
 * Every family of tests can fail: a QEMU killed at a migration status, a QEMU that hangs, memory
 * that was altered, a command that QEMU ignores. None of it may pass, hang, or leave a process
 * (`outcomeOf` looks for them). DROVER_TEST_SABOTAGE=all kills both sides at every status, and lets
 * both hang; otherwise one side, at the first status and the last.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Side } from '../model/outcome.js';
import { facts, outcomeOf, qemu } from './attempt.fixtures.js';
import { precopyTest } from './definition.js';
import type { TestDefinition } from './definition.js';
import { findTest } from './registry.js';
import { altered, harmed, ignored, timerMasked, watched } from './sabotage.fixtures.js';
import type { IgnoredCommand, Moment } from './sabotage.fixtures.js';
import { onlySlice } from '../memory/verdict.fixtures.js';
import { unixSocket } from './tests/unix-socket.js';

interface Family {
  readonly name: string;
  /** below /migration/; its guest arrives, and has to be whole */
  readonly path: string;
  /** instead of those of an unharmed run, where that takes long */
  readonly moments?: readonly Moment[];
}

const families: readonly Family[] = [
  { name: 'precopy', path: 'precopy/unix/plain' },
  { name: 'multifd', path: 'multifd/tcp/uri/plain/none' },
  { name: 'file', path: 'precopy/file' },
  { name: 'descriptors', path: 'precopy/fd/tcp' },
  { name: 'TLS', path: 'precopy/tcp/tls/psk/match' },
  { name: 'postcopy', path: 'postcopy/plain' },
  { name: 'compression', path: 'precopy/unix/xbzrle' },
  { name: 'validation', path: 'validate_uuid' },
  { name: 'CPR', path: 'mode/reboot' },
  { name: 'cancel', path: 'multifd/tcp/plain/cancel' },
  { name: 'throttle', path: 'auto_converge', moments: [{ side: 'source', status: 'active' }] },
];

/** for tests that end with it: far more than any needs to where the harm is done */
const deadlineMs = 8000;

/** a command that never reaches its QEMU, and what the test must make of it */
const ignoredCommands: readonly (IgnoredCommand & {
  readonly family: string;
  readonly path: string;
  /** one of these */
  readonly codes: readonly string[];
  /** default: far more than a failure needs on a busy host */
  readonly timeoutMs?: number;
})[] = [
  {
    family: 'cancel',
    path: 'cancel/src/after/cancelled',
    command: 'migrate_cancel',
    codes: ['slow-cancel'],
  },
  {
    family: 'cancel, then again',
    path: 'multifd/tcp/plain/cancel',
    command: 'migrate_cancel',
    codes: ['slow-cancel'],
  },
  {
    family: 'validation',
    path: 'validate_uuid_error',
    command: 'migrate-set-capabilities',
    about: 'validate-uuid',
    codes: ['wrong-status'],
  },
  {
    family: 'throttle',
    path: 'auto_converge',
    command: 'migrate-set-capabilities',
    about: 'auto-converge',
    // no throttling begins, so the end of the test or of its wait comes first
    codes: ['test-timeout', 'no-effect'],
    timeoutMs: deadlineMs,
  },
];

/**
 * a capability that neither side gets, though both tests and QEMU know it; its row misses the
 * effect
 */
const lostCapabilities = [
  { path: 'precopy/tcp/plain/switchover-ack', about: 'switchover-ack', named: /switchover-ack/ },
  { path: 'precopy/unix/xbzrle', about: 'xbzrle', named: /xbzrle/ },
  { path: 'postcopy/release-ram', about: 'release-ram', named: /release-ram/ },
  { path: 'postcopy/preempt/plain', about: 'postcopy-preempt', named: /has 1 connections, not 2/ },
  { path: 'multifd/tcp/plain/zlib', about: 'multifd', named: /has 1 connections, not 5/ },
] as const;

const sides: readonly Side[] = ['source', 'destination'];
const all = process.env['DROVER_TEST_SABOTAGE'] === 'all';
/** how many hang at a time */
const batch = 6;

function definitionOf({ path }: { readonly path: string }): TestDefinition {
  const definition = findTest(`/migration/${path}`);
  assert.ok(definition !== undefined, `${path} is a test`);
  return definition;
}

/**
 * a destination whose migration is being cancelled, or has failed, is about to end by itself, or
 * has
 */
const givesUp = (status: string, victim: Side): boolean =>
  victim === 'destination' && ['cancelling', 'cancelled', 'failed'].includes(status);

async function momentsOf(family: Family): Promise<readonly Moment[]> {
  if (family.moments !== undefined) return family.moments;
  const moments: Moment[] = [];
  const unharmed = await outcomeOf(definitionOf(family), undefined, watched(moments));
  assert.equal(unharmed.kind, 'passed', JSON.stringify(unharmed));
  assert.ok(moments.length >= 3, JSON.stringify(moments));
  return all ? moments : [...moments.slice(0, 1), ...moments.slice(-1)];
}

for (const family of families) {
  const definition = definitionOf(family);

  test(
    `${family.name}: a QEMU killed at a status fails the test`,
    { skip: qemu.skip },
    async () => {
      for (const [index, moment] of (await momentsOf(family)).entries()) {
        for (const victim of all ? sides : sides.filter((_, side) => (index + side) % 2 === 0)) {
          if (givesUp(moment.status, victim)) continue;
          let struck = false;
          const harm = { moment, victim, signal: 'SIGKILL' } as const;
          const outcome = await outcomeOf(
            definition,
            undefined,
            harmed(harm, () => {
              struck = true;
            }),
          );
          const text = `${victim} killed when the ${moment.side} reported ${moment.status}: ${JSON.stringify(outcome)}`;
          assert.ok(struck, `the moment came: ${text}`);
          assert.equal(outcome.kind, 'failed', text);
          assert.equal(outcome.failure.side, victim, text);
          assert.match(outcome.failure.message, /SIGKILL/, text);
        }
      }
    },
  );
}

for (const { name, path } of [
  ...families,
  { name: 'chain of stopped guests', path: 'chain/unix/stopped' },
  { name: 'chain of running guests', path: 'chain/tcp/live' },
]) {
  test(`${name}: an altered page is found and named`, { skip: qemu.skip }, async () => {
    let page: number | undefined;
    const outcome = await outcomeOf(
      definitionOf({ path }),
      undefined,
      altered((address) => {
        page = address;
      }),
    );
    assert.equal(outcome.kind, 'failed', JSON.stringify(outcome));
    assert.equal(outcome.failure.code, 'memory-damaged', JSON.stringify(outcome));
    assert.equal(outcome.verdict?.damagedPages, 1);
    assert.equal(outcome.verdict.stamp, 'wide');
    assert.notEqual(onlySlice(outcome.verdict).upstreamLines.length, 0);
    assert.equal(onlySlice(outcome.verdict).damage[0]?.start, page);
  });
}

for (const path of ['precopy/unix/plain', 'multifd/tcp/uri/plain/none', 'postcopy/plain']) {
  test(
    `${path}: a timer that no longer fires at the destination is named`,
    { skip: qemu.skip },
    async () => {
      let struck = false;
      const outcome = await outcomeOf(
        definitionOf({ path }),
        undefined,
        timerMasked(() => {
          struck = true;
        }),
      );
      assert.ok(struck, 'the migration completed');
      assert.equal(outcome.kind, 'failed', JSON.stringify(outcome));
      const { code, message, side } = outcome.failure;
      assert.deepEqual(
        [code, message, side],
        [
          'timer-state-lost',
          'the guest says that its interval timer (PIT) was armed and did not fire',
          'destination',
        ],
      );
    },
  );
}

for (const stamp of ['byte', 'wide', 'page'] as const) {
  test(
    `an altered page is found where two writers stamp (${stamp})`,
    { skip: qemu.skip },
    async () => {
      let page: number | undefined;
      const outcome = await outcomeOf(
        {
          ...precopyTest({ ...facts, ...unixSocket, memory: 'memfd' }),
          guest: { writers: 2, stamp },
        },
        undefined,
        altered((address) => {
          page = address;
        }),
      );
      assert.equal(outcome.kind, 'failed', JSON.stringify(outcome));
      assert.equal(outcome.failure.code, 'memory-damaged', JSON.stringify(outcome));
      assert.equal(outcome.verdict?.damagedPages, 1);
      assert.equal(outcome.verdict.stamp, stamp);
      assert.equal(outcome.verdict.slices.length, 2);
      const damage = outcome.verdict.slices.flatMap((slice) => slice.damage);
      assert.deepEqual(
        damage.map(({ start, pages }) => [start, pages]),
        [[page, 1]],
      );
    },
  );
}

async function hang(family: Family, victim: Side): Promise<void> {
  let struck = false;
  const moment = { side: 'source', status: 'active' } as const;
  const outcome = await outcomeOf(
    definitionOf(family),
    deadlineMs,
    harmed({ moment, victim, signal: 'SIGSTOP' }, () => {
      struck = true;
    }),
  );
  const text = `${family.name}, ${victim}: ${JSON.stringify(outcome)}`;
  assert.ok(struck, text);
  assert.equal(outcome.kind, 'failed', text);
  // Of a QEMU that was stopped in the middle of a command, the deadline of its answer may come
  // first.
  assert.match(outcome.failure.code, /^(test-timeout|deadline)$/, text);
}

test(
  'a QEMU that hangs runs into the deadline, whatever the family',
  { skip: qemu.skip },
  async () => {
    const hangs = families.flatMap((family, index) =>
      sides
        .filter((_, side) => all || (index + side) % 2 === 0)
        .map((victim) => async () => {
          await hang(family, victim);
        }),
    );
    // each costs its deadline, and next to nothing else
    for (let first = 0; first < hangs.length; first += batch) {
      await Promise.all(
        hangs.slice(first, first + batch).map(async (each) => {
          await each();
        }),
      );
    }
  },
);

test('a command that QEMU ignores fails the test', { skip: qemu.skip }, async () => {
  await Promise.all(
    ignoredCommands.map(async ({ family, path, codes, timeoutMs = 120_000, ...wish }) => {
      const { interference, heard } = ignored(wish);
      const outcome = await outcomeOf(definitionOf({ path }), timeoutMs, interference);
      const text = `${family}: ${JSON.stringify(outcome)}`;
      assert.ok(heard() > 0, text);
      assert.equal(outcome.kind, 'failed', text);
      assert.ok(codes.includes(outcome.failure.code), text);
    }),
  );
});

for (const { path, about, named } of lostCapabilities) {
  test(`without capability ${about} its test fails`, { skip: qemu.skip }, async () => {
    const { interference, heard } = ignored({ command: 'migrate-set-capabilities', about });
    const outcome = await outcomeOf(definitionOf({ path }), 120_000, interference);
    const text = JSON.stringify(outcome);
    assert.ok(heard() > 0, text);
    assert.equal(outcome.kind, 'failed', text);
    assert.equal(outcome.failure.code, 'no-effect', text);
    assert.match(outcome.failure.message, named);
  });
}
