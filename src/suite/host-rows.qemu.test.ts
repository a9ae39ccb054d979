/**
 * The tests that need what few hosts have, a dirty ring of KVM that works or an RDMA link: run
 * where the host has it, and elsewhere skipped for the reason that a run gives too.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { planFor } from '../migration/context.fixtures.js';
import { dirtyRingObstacle } from '../migration/host/dirty-ring-probe.js';
import { probeHost } from '../migration/host/host-probes.js';
import type { PairPlan } from '../migration/plan.js';
import { hostObstacle } from '../model/host-facts.js';
import { unmet } from '../model/features.js';
import { ProbeCache } from '../qemu/probe-cache.js';
import { realQemus } from '../qemu/qemus.fixtures.js';
import { Scratch } from '../model/scratch.fixtures.js';
import { failureOf, outcomeOf, qemu } from './attempt.fixtures.js';
import { migrationTest } from './definition.js';
import { findTest } from './registry.js';

const { signal } = new AbortController();

async function withPlan<T>(
  body: (plan: PairPlan, directory: string) => Promise<T>,
  of = qemu,
): Promise<T> {
  using scratch = new Scratch();
  return await body(await planFor(of, scratch.directory), scratch.directory);
}

for (const of of realQemus) {
  test(
    `QEMU ${of.version}: a dirty ring works, or the reason tells what was seen`,
    { skip: of.skip },
    async (t) => {
      await withPlan(async (plan, directory) => {
        const cache = new ProbeCache(path.join(directory, 'cache'));
        const obstacle = await dirtyRingObstacle({ plan, directory, signal, cache });
        t.diagnostic(obstacle ?? 'it works');
        if (obstacle !== undefined) {
          assert.match(obstacle, /^no dirty ring of KVM that works with QEMU \d+\.\d+\.\d+: .+/);
        }
        const started = /MB\/s|wrote nothing/.test(obstacle ?? 'MB/s');
        if (!started) return;
        const unused = path.join(directory, 'not-there');
        const again = await dirtyRingObstacle({ plan, directory: unused, signal, cache });
        assert.equal(again, obstacle, 'what was found is kept: nothing is started again');
      }, of);
    },
  );

  test(
    `QEMU ${of.version}: rdma is built in, as it is in Debian's`,
    { skip: of.skip },
    async () => {
      await withPlan((plan) => {
        assert.ok(plan.sourceFeatures.transports.includes('rdma'));
        return Promise.resolve();
      }, of);
    },
  );
}

test(
  'without KVM in a QEMU, or a ring that it takes, nothing is run',
  { skip: qemu.skip },
  async () => {
    await withPlan(async (plan, directory) => {
      const withoutKvm = { ...plan.sourceFeatures, accelerators: ['tcg'] };
      assert.match(
        (await dirtyRingObstacle({
          plan: { ...plan, sourceFeatures: withoutKvm },
          directory,
          signal,
        })) ?? '',
        /QEMU 10\.0\.\d+: this QEMU was compiled without KVM$/,
      );
    });
  },
);

const rows = [
  '/migration/dirty_ring',
  '/dirty_limit',
  '/migration/vcpu_dirty_limit',
  '/migration/precopy/rdma/plain',
  '/migration/precopy/rdma/plain/ipv6',
].map((path) => {
  const found = findTest(path);
  assert.ok(found !== undefined, path);
  return found;
});

/** why each cannot be run, by its path; looked at once for all */
let reasons: Promise<ReadonlyMap<string, string>> | undefined;

async function findReasons(): Promise<ReadonlyMap<string, string>> {
  return await withPlan(async (plan, directory) => {
    const all = rows.flatMap(({ needs }) => needs ?? []);
    const host = await probeHost(all, { plan, directory, signal });
    return new Map(
      rows.flatMap(({ path, needs }) => {
        const [reason] = (needs ?? []).flatMap(
          (need) => unmet(need, plan.sourceFeatures, host) ?? [],
        );
        return reason === undefined ? [] : [[path, reason]];
      }),
    );
  });
}

for (const row of rows) {
  test(`${row.path} passes where this host can run it`, { skip: qemu.skip }, async (t) => {
    reasons ??= findReasons();
    const reason = (await reasons).get(row.path);
    if (reason === undefined) assert.equal((await outcomeOf(row, 120_000)).kind, 'passed');
    else t.skip(reason);
  });
}

test(
  'an address that RDMA cannot use fails the test, with the words of QEMU',
  { skip: qemu.skip },
  async () => {
    const found = findTest('/migration/precopy/rdma/plain');
    assert.ok(found !== undefined);
    // a loopback address, which no RDMA link has
    const host = { 'rdma-ipv4': { available: true, reason: '', detail: '127.0.0.1' } };
    assert.equal(hostObstacle(host, 'rdma-ipv4'), undefined);
    const { path: name, level, run } = found;
    const failure = await failureOf(
      migrationTest({ path: name, level, run }),
      undefined,
      undefined,
      host,
    );
    assert.match(JSON.stringify(failure), /-incoming rdma:127\.0\.0\.1:29200: .*RDMA/i);
  },
);
