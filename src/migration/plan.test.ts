/** Which plans need a guest that flushes its TLB in each pass. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Arch } from '../model/arch.js';
import type { QemuFeatures } from '../model/features.js';
import { makePlan, missesWrites } from './plan.js';
import type { ProbedQemu } from './plan.js';

function qemu(arch: Arch, ...capabilities: string[]): ProbedQemu {
  const features: QemuFeatures = {
    ...{ version: '9.9', package: '', machines: [], accelerators: [], capabilities },
    ...{ parameters: [], commands: {}, transports: [], socketTypes: [], channelTypes: [] },
    ...{ compressions: [], parameterValues: {}, statuses: [], migrationFigures: [] },
    ...{ devices: [], refusedTogether: {}, tlsObstacle: '' },
  };
  const command = `qemu-system-${arch}`;
  return { binary: { command, program: `/usr/bin/${command}`, arch, isPrefixed: false }, features };
}

const common = { machine: 'pc', env: {} };

test('a QEMU before 8.1 misses writes, on either side, under TCG', () => {
  for (const arch of ['x86_64', 'i386'] as const) {
    const [old, recent] = [qemu(arch), qemu(arch, 'switchover-ack')];
    assert.equal(missesWrites(makePlan({ ...common, source: recent })), false);
    assert.equal(missesWrites(makePlan({ ...common, source: old, destination: recent })), true);
    assert.equal(missesWrites(makePlan({ ...common, source: recent, destination: old })), true);
    assert.equal(missesWrites(makePlan({ ...common, source: old, accel: 'kvm' })), false);
    const route = [recent, old, recent];
    assert.equal(missesWrites(makePlan({ ...common, source: recent, route })), true);
  }
});

test('only guests that can flush in each pass are asked to', () => {
  assert.equal(missesWrites(makePlan({ ...common, source: qemu('riscv64') })), false);
});
