import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ignoredOptions } from './ignored-options.js';
import type { KindOfSource } from './ignored-options.js';

const source = (format: 'raw' | 'stream' | 'elf', machine?: string): KindOfSource => ({
  live: false,
  containers: [],
  image: { format, report: machine === undefined ? null : { machine } },
});
const process: KindOfSource = { ...source('raw'), live: true };

test('an option that has an effect on no source is named, with what the sources are', () => {
  assert.deepEqual(ignoredOptions({ address: 0 }, [source('stream')]), [
    '--address has no effect on a migration stream',
  ]);
  assert.deepEqual(ignoredOptions({ live: true, salvage: true }, [source('raw')]), [
    '--salvage has no effect on raw memory',
    '--live has no effect on raw memory',
  ]);
  assert.deepEqual(ignoredOptions({ format: 'raw' }, [process]), [
    '--format has no effect on a process',
  ]);
});

test('--salvage matters for compressed memory of any format', () => {
  const packed = { ...source('raw'), containers: [{ kind: 'gzip' }] };
  assert.deepEqual(ignoredOptions({ salvage: true }, [packed]), []);
});

test('an option that has an effect on one of two sources is not named', () => {
  assert.deepEqual(ignoredOptions({ address: 0 }, [source('stream'), source('raw')]), []);
  assert.deepEqual(ignoredOptions({ machine: 'q35' }, [source('elf'), source('stream')]), []);
  assert.deepEqual(ignoredOptions({ machine: 'q35' }, [source('elf')]), [
    '--machine has no effect on an ELF dump',
  ]);
});

test('an architecture matters for machine virt only, and for a process', () => {
  const text = ['--arch has an effect only together with machine virt'];
  assert.deepEqual(ignoredOptions({ arch: 'aarch64' }, [source('raw')]), text);
  assert.deepEqual(ignoredOptions({ arch: 'aarch64' }, [source('stream', 'pc-q35-10.0')]), text);
  assert.deepEqual(ignoredOptions({ arch: 'aarch64' }, [source('stream', 'virt-10.0')]), []);
  assert.deepEqual(ignoredOptions({ arch: 'aarch64', machine: 'virt' }, [source('raw')]), []);
  assert.deepEqual(ignoredOptions({ arch: 'aarch64' }, [process]), []);
});
