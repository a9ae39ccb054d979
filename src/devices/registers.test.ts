import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepsRegisters, untouched } from './registers.js';

test('the common configuration of virtio is left alone, other BARs and devices are not', () => {
  assert.equal(keepsRegisters('virtio-mem-pci', 4), false);
  assert.equal(keepsRegisters('virtio-mem-pci', 1), true);
  assert.equal(keepsRegisters('e1000e', 4), true);
  for (const { reason } of untouched) assert.ok(reason.length > 10);
});
