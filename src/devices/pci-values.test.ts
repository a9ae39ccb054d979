import assert from 'node:assert/strict';
import { test } from 'node:test';
import { functionName } from './pci-layout.js';
import { differingValues } from './pci-values.js';

const writes = [{ register: 0x10 }, { register: 0x3c }, { register: 0x04 }];

test('what both sides read the same is no difference', () => {
  assert.deepEqual(differingValues('f', writes, [1, 2, 3], [1, 2, 3]), []);
});

test('a value that the destination lost is named with function, register and both values', () => {
  const section = `PCI function ${functionName({ slot: 31, fn: 2 })}`;
  const found = differingValues(section, writes, [0xc000_0000, 0x52, 7], [0, 0x52, 7]);
  assert.deepEqual(found, [
    {
      section: 'PCI function 00:1f.2',
      field: 'configuration 0x10',
      source: '0xc0000000',
      destination: '0x0',
      text: 'PCI function 00:1f.2: configuration 0x10 reads 0xc0000000 at the source, 0x0 at the destination',
    },
  ]);
});
