import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { QemuFeatures } from './features.js';
import { chooseMachine } from './machine-type.js';

function qemu(version: string, newest: string, ...others: string[]): QemuFeatures {
  return {
    version,
    package: '',
    machines: [{ name: newest, alias: 'q35' }, ...others.map((name) => ({ name }))],
    accelerators: ['tcg'],
    capabilities: [],
    parameters: [],
    commands: {},
    transports: [],
    socketTypes: [],
    channelTypes: [],
    compressions: [],
    parameterValues: {},
    statuses: [],
    migrationFigures: [],
    devices: [],
    refusedTogether: {},
    tlsObstacle: '',
  };
}

const old = qemu('7.2', 'pc-q35-7.2', 'pc-q35-7.1');
const young = qemu('10.0', 'pc-q35-10.0', 'pc-q35-7.2');
const alias = 'q35';

test('two equal binaries take the newest version', () => {
  assert.deepEqual(chooseMachine({ alias }, young, young), {
    kind: 'chosen',
    machine: 'pc-q35-10.0',
  });
});

test('the older version is common, whichever side has it', () => {
  const common = { kind: 'chosen', machine: 'pc-q35-7.2' };
  assert.deepEqual(chooseMachine({ alias }, old, young), common);
  assert.deepEqual(chooseMachine({ alias }, young, old), common);
});

test('without a common version the error has both names', () => {
  assert.throws(
    () => chooseMachine({ alias }, old, qemu('99.0', 'pc-q35-99.0')),
    /pc-q35-7\.2.*pc-q35-99\.0/,
  );
});

test('a platform that a binary lacks is absent, with the binary named', () => {
  const none = { ...young, version: '10.1', machines: [] };
  assert.deepEqual(chooseMachine({ alias }, none, young), {
    kind: 'absent',
    reason: 'machine q35 not supported by QEMU 10.1',
  });
});

test('a versioned name is taken as it is, and both must know it', () => {
  assert.deepEqual(chooseMachine({ alias, wanted: 'pc-q35-7.2' }, young, old), {
    kind: 'chosen',
    machine: 'pc-q35-7.2',
  });
  assert.throws(
    () => chooseMachine({ alias, wanted: 'pc-q35-10.0' }, young, old),
    /destination QEMU \(7\.2\) does not know machine type pc-q35-10\.0; it has pc-q35-7\.2, pc-q35-7\.1/,
  );
});
