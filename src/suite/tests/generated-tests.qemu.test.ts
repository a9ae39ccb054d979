/**
 * Generated tests with each QEMU: they migrate what their path says, take a refusal for an answer,
 * and fail if memory is damaged, a setting has no effect, or a guest does not go on.
 */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { Outcome } from '../../model/outcome.js';
import { Scratch } from '../../model/scratch.fixtures.js';
import { planFor } from '../../migration/context.fixtures.js';
import type { Interference } from '../../migration/context.js';
import { probeHost } from '../../migration/host/host-probes.js';
import { choiceOf, combinationOfPath } from '../../migration/generated/combination.js';
import type { Combination } from '../../migration/generated/combination.js';
import { SetupTrial } from '../../migration/generated/setup-trial.js';
import { hostNeeds } from '../../migration/generated/space-of.js';
import { unmet } from '../../model/features.js';
import { realQemu, realQemus } from '../../qemu/qemus.fixtures.js';
import type { RealQemu } from '../../qemu/qemus.fixtures.js';
import { runAttempt } from '../attempt.js';
import { altered, ignored } from '../sabotage.fixtures.js';
import { generatedTest } from './generated-tests.js';

const usual = realQemu('10.0');
const deadlineMs = 30_000;

interface Ended {
  readonly outcome: Outcome;
  readonly combination: readonly string[] | undefined;
}

const combinationOf = (name: string): Combination =>
  combinationOfPath(`/migration/generated/${name}`) ?? assert.fail(name);

/** @returns undefined if this QEMU lacks what the test needs */
async function run(
  name: string,
  on: RealQemu = usual,
  interference: Interference = {},
  timeoutMs = deadlineMs,
): Promise<Ended | undefined> {
  using scratch = new Scratch();
  const directory = path.join(scratch.directory, 'test');
  mkdirSync(directory);
  const plan = await planFor(on, scratch.directory);
  const { signal } = new AbortController();
  const needs = hostNeeds.map((need) => ({ kind: 'host', name: need }) as const);
  const host = await probeHost(needs, { plan, directory, signal });
  const definition = generatedTest(combinationOf(name));
  const lacks = (definition.needs ?? []).find(
    (need) => unmet(need, plan.sourceFeatures, host) !== undefined,
  );
  if (lacks !== undefined) return undefined;
  const ended = await runAttempt({
    definition,
    plan: { ...plan, host, arrival: 'both' },
    directory,
    timeoutMs,
    interference,
    rerun: 'drover run',
    signal,
    onPhase: () => undefined,
    onStatus: () => undefined,
  });
  assert.deepEqual(scratch.processes(), []);
  return { outcome: ended.outcome, combination: ended.combination };
}

const handful = [
  'live/tls/memfd+page+multifd+9-channels+zstd+pause-before-switchover',
  'stopped/exec/shmem+byte+2-writers+xbzrle+small-cache+dirty-bitmaps',
  'postcopy/unix/memfd+return-path+release-ram+late-block-activate',
  'live/file/shmem+page+multifd+1-channel+mapped-ram+direct-io',
];

for (const qemu of realQemus) {
  test(
    `QEMU ${qemu.version}: combinations migrate, and had all the values that their path names`,
    { skip: qemu.skip },
    async (t) => {
      let ran = 0;
      for (const name of handful) {
        const ended = await run(name, qemu);
        if (ended === undefined) {
          t.diagnostic(`${name}: not with QEMU ${qemu.version}`);
          continue;
        }
        ran += 1;
        assert.equal(ended.outcome.kind, 'passed', `${name}: ${JSON.stringify(ended.outcome)}`);
        assert.equal(ended.outcome.refused, undefined);
        const had = (ended.combination ?? []).flatMap((value) => choiceOf(value) ?? []);
        assert.deepEqual(had, combinationOf(name).unusual);
        assert.ok(!(ended.combination ?? []).some((value) => value.startsWith('?')));
        const isCompared = (ended.outcome.arrival?.ramBytes ?? 0) > 0;
        // in postcopy the guest runs before its memory is there
        assert.equal(isCompared, !name.startsWith('postcopy'));
      }
      assert.ok(ran > 0, 'this host and QEMU can run none of them');
    },
  );
}

const { skip } = usual;

test(
  'a refusal is an answer, in the words of QEMU, and the trial before it has the same',
  { skip },
  async () => {
    const name = 'live/unix/multifd+xbzrle';
    const ended = await run(name);
    assert.ok(ended?.outcome.kind === 'passed');
    const { refused } = ended.outcome;
    assert.equal(refused?.command, 'migrate-set-capabilities');
    assert.match(refused.words, /xbzrle/);
    assert.equal(ended.combination, undefined, 'nothing migrated');
    using scratch = new Scratch();
    const plan = await planFor(usual, scratch.directory);
    const { signal } = new AbortController();
    await using trial = new SetupTrial({ plan, directory: scratch.directory, signal });
    assert.deepEqual(await trial.refusalOf(combinationOf(name)), refused);
    assert.equal(await trial.refusalOf(combinationOf('live/unix/multifd')), undefined);
    assert.equal(await trial.refusalOf(combinationOf('live/unix/xbzrle+small-cache')), undefined);
    // which QEMU 10.0 refuses only with the next command
    assert.match(
      (await trial.refusalOf(combinationOf('live/file/multifd+zlib+mapped-ram')))?.words ?? '',
      /apped-ram/,
    );
    assert.equal(await trial.refusalOf(combinationOf('live/unix')), undefined, 'all is reset');
    assert.equal(trial.died, 0);
  },
);

const failureOf = async (name: string, harm: Interference, timeoutMs?: number): Promise<string> => {
  const { outcome } = (await run(name, usual, harm, timeoutMs)) ?? assert.fail();
  assert.equal(outcome.kind, 'failed', JSON.stringify(outcome));
  return outcome.failure.code;
};

test(
  'damaged memory is found, at the destination and after a refusal at the source',
  { skip },
  async () => {
    for (const name of ['stopped/tcp/memfd+multifd+zstd', 'live/unix/multifd+xbzrle']) {
      let page = 0;
      const harm = altered((harmed) => {
        page = harmed;
      });
      assert.equal(await failureOf(name, harm), 'memory-damaged', name);
      assert.ok(page > 0);
    }
  },
);

test('a state that differs on arrival is found', { skip }, async () => {
  const code = await failureOf('live/unix/byte+xbzrle', {
    beforeCompare: async (_source, { qtest, context }) => {
      await qtest.writeByte(context.platform.range.end + 5 * 4096, 0x77);
    },
  });
  assert.equal(code, 'state-differs');
});

test('a capability that QEMU accepts and ignores is found', { skip }, async () => {
  const { interference, heard } = ignored({
    command: 'migrate-set-capabilities',
    about: 'multifd',
  });
  assert.equal(await failureOf('live/tcp/multifd', interference), 'no-effect');
  assert.ok(heard() > 0);
});

test('a migration that pauses and is not continued is no pass', { skip }, async () => {
  const { interference, heard } = ignored({ command: 'migrate-continue' });
  // far more than it needs to get there
  const code = await failureOf('stopped/unix/pause-before-switchover', interference, 5000);
  assert.equal(code, 'test-timeout');
  assert.equal(heard(), 1);
});
