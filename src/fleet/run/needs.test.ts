import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostFactNames } from '../../model/host-facts.js';
import type { HostFactName } from '../../model/host-facts.js';
import type { QueueNeed } from '../messages.js';
import type { FleetHost } from './connection.js';
import { factsOf, hostsWith, whyNowhere } from './needs.js';

const [a, b] = ['a'.repeat(64), 'b'.repeat(64)] as const;

function host(name: string, digests: readonly string[], lacks: readonly HostFactName[]): FleetHost {
  const obstacles = Object.fromEntries(
    hostFactNames.map((fact) => [fact, lacks.includes(fact) ? `${name} has no ${fact}` : '']),
  );
  const identity = { hostname: name, kernel: '', cpu: '', cores: 2, memoryBytes: 1, node: '' };
  return {
    ...{ name, running: 0, isDraining: false, isLive: true },
    facts: {
      version: 1,
      identity,
      limits: { slots: 2, memoryBytes: 1000, sharedMemoryBytes: 0 },
      qemus: digests.map((digest) => ({
        ...{ digest, version: '10.0', arch: 'x86_64' as const, command: 'qemu' },
        ...{ accelerators: ['tcg' as const], obstacles },
      })),
    },
  };
}

const need: QueueNeed = {
  ...{ arch: 'x86_64', source: a, destination: a, accel: 'tcg' },
  facts: ['huge-pages', 'userfaultfd'],
  demand: { cpu: 1, memoryBytes: 100, sharedMemoryBytes: 0, exclusive: [] },
};

test('a host needs both QEMUs, byte for byte, and the accelerator', () => {
  const hosts = [host('one', [a], []), host('two', [b], []), host('both', [a, b], [])];
  const names = (pair: Partial<QueueNeed>): string[] =>
    hostsWith(hosts, { ...need, ...pair }).map(({ name }) => name);
  assert.deepEqual(names({}), ['one', 'both']);
  assert.deepEqual(names({ destination: b }), ['both']);
  assert.deepEqual(names({ accel: 'kvm' }), []);
});

test('what some host has the fleet has; what needs two things needs one host with both', () => {
  const hosts = [host('one', [a], ['huge-pages']), host('two', [a], ['userfaultfd'])];
  const facts = factsOf(hosts, need);
  assert.equal(facts['huge-pages']?.available, true);
  assert.equal(facts.userfaultfd?.available, true);
  assert.equal(whyNowhere(hosts, need), 'one has no huge-pages');
  assert.equal(whyNowhere(hosts, { ...need, facts: ['huge-pages'] }), undefined);
  const none = factsOf([host('one', [a], ['kvm']), host('two', [a], ['kvm'])], need);
  assert.deepEqual(none.kvm, { available: false, reason: 'one has no kvm' });
});

test('an attempt that no host has room for runs nowhere, with the figures', () => {
  const large = { ...need, facts: [], demand: { ...need.demand, memoryBytes: 2 ** 30 } };
  assert.match(whyNowhere([host('one', [a], [])], large) ?? '', /needs 1024 MiB of memory/);
});
