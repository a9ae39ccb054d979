import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { QemuFeatures } from '../../model/features.js';
import { folderFor } from '../../model/scratch.fixtures.js';
import type { Job, QueueNeed } from '../messages.js';
import { AllowList, fileMark } from './allow-list.js';

const digest = 'a'.repeat(64);
const need: QueueNeed = {
  ...{ arch: 'x86_64', source: digest, destination: digest, accel: 'tcg', facts: ['userfaultfd'] },
  demand: { cpu: 1, memoryBytes: 100, sharedMemoryBytes: 0, exclusive: [] },
};
const job: Job = {
  ...{ version: 1, run: '0123456789abcdef', test: '/migration/x', name: '/x86_64/migration/x' },
  ...{ attempt: 1, machine: 'pc-q35-10.0', expectedMs: 1, keep: false, rerun: '' },
};

function allowed(t: TestContext): { list: AllowList; program: string } {
  const program = path.join(folderFor(t), 'qemu-system-x86_64');
  writeFileSync(program, 'a program');
  const features = { version: '10.0', machines: [{ name: 'pc-q35-10.0' }] } as unknown;
  const qemu = {
    digest,
    binary: { command: program, program, arch: 'x86_64' as const, isPrefixed: false },
    features: features as QemuFeatures,
    slowness: { tcg: 2 },
    host: { userfaultfd: { available: true, reason: '' } },
    file: fileMark(program),
  };
  return { list: new AllowList([qemu], { A: 'b' }), program };
}

test('a job runs with the QEMU of this host that has its digest, at the speed of this host', (t) => {
  const { list, program } = allowed(t);
  const plan = list.planFor(need, job);
  assert.equal(plan.source.program, program);
  assert.equal(plan.slowness, 2);
  assert.deepEqual(plan.env, { A: 'b' });
});

test('what this host lacks is left to others', (t) => {
  const { list } = allowed(t);
  assert.ok(list.serves(need));
  const lacking: readonly Partial<QueueNeed>[] = [
    { source: 'b'.repeat(64) },
    { destination: 'b'.repeat(64) },
    { accel: 'kvm' },
    { facts: ['huge-pages'] },
    { arch: 's390x' },
  ];
  for (const part of lacking) assert.equal(list.serves({ ...need, ...part }), false);
});

test('a QEMU that is not allowed, or is another file now, is refused with a clear word', (t) => {
  const { list, program } = allowed(t);
  const other = { ...need, destination: 'b'.repeat(64) };
  assert.throws(
    () => list.planFor(other, job),
    /b{64} is not one that this agent was started with/,
  );
  assert.throws(
    () => list.planFor(need, { ...job, machine: 'pc-q35-99.0' }),
    /has no machine type pc-q35-99\.0/,
  );
  const next = `${program}.next`;
  writeFileSync(next, 'another program');
  renameSync(next, program);
  assert.throws(() => list.planFor(need, job), /is another file than when this agent started/);
});
