import assert from 'node:assert/strict';
import { test } from 'node:test';
import { demandOf } from './demand.js';
import { migrationTest } from './definition.js';
import type { TestFacts } from './definition.js';
import { allTests } from './registry.js';

const MiB = 2 ** 20;
const on = { arch: 'x86_64', accel: 'tcg' } as const;

function demand(facts: Partial<TestFacts>): ReturnType<typeof demandOf> {
  const run = (): Promise<never> => Promise.reject(new Error('is not run'));
  return demandOf(migrationTest({ path: '/migration/x', level: 'full', ...facts, run }), on);
}

test('unless it says otherwise, a test takes a pair of QEMUs with the usual guest', () => {
  assert.deepEqual(demand({}), {
    cpu: 1,
    memoryBytes: 700 * MiB,
    sharedMemoryBytes: 0,
    exclusive: [],
  });
});

test('each writer of a guest takes a core of its own', () => {
  assert.equal(demand({ guest: { writers: 8 } }).cpu, 8);
});

test('memory is that of all machines, and a test without a QEMU takes none', () => {
  assert.equal(demand({ takes: { machines: 3, ramBytes: 1024 * MiB } }).memoryBytes, 3672 * MiB);
  assert.deepEqual(demand({ takes: { machines: 0 } }), {
    cpu: 0.25,
    memoryBytes: 0,
    sharedMemoryBytes: 0,
    exclusive: [],
  });
});

test('what follows from needs of the host: memory in /dev/shm, the port of RDMA, huge pages', () => {
  const of = (name: 'shared-memory' | 'rdma-ipv4' | 'rdma-ipv6' | 'huge-pages') =>
    demand({ needs: [{ kind: 'host', name }] });
  assert.equal(of('shared-memory').sharedMemoryBytes, 150 * MiB);
  assert.deepEqual(of('rdma-ipv4').exclusive, of('rdma-ipv6').exclusive);
  assert.deepEqual(of('huge-pages').exclusive, ['huge-pages']);
});

test('tests whose memory is a file in /dev/shm say so, two files where each side has its own', () => {
  const names = allTests
    .filter((each) => demandOf(each, on).sharedMemoryBytes > 0)
    .map(({ path }) => path);
  assert.ok(names.length > 0);
  assert.ok(
    names.every((path) => /ignore-shared|mode\/reboot|memory\/shmem/.test(path)),
    names.join(', '),
  );
  const bytesOf = (path: string): number => {
    const found = allTests.find((each) => each.path === path);
    return found === undefined ? NaN : demandOf(found, on).sharedMemoryBytes;
  };
  assert.equal(bytesOf('/migration/ignore-shared'), 150 * MiB);
  assert.equal(bytesOf('/migration/precopy/unix/memory/shmem'), 300 * MiB);
});
