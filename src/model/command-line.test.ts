import assert from 'node:assert/strict';
import { test } from 'node:test';
import { machineArgs } from './command-line.js';
import type { MachineSpec } from './command-line.js';

const spec: MachineSpec = {
  side: 'destination',
  arch: 'x86_64',
  accel: 'tcg',
  machine: 'pc-q35-7.2',
  ramBytes: 157286400,
  ramRegions: [{ address: 0, size: 157286400 }],
  memory: { kind: 'anon' },
  firmware: '/t/guest.bin',
  serialLog: '/t/a,b.serial',
  incoming: 'defer',
  extraArgs: ['-uuid', 'x'],
};

test('options come in the order of upstream, the qtest accelerator last', () => {
  const args = machineArgs(spec);
  assert.deepEqual(args.slice(-8), [
    '-incoming',
    'defer',
    '-bios',
    '/t/guest.bin',
    '-uuid',
    'x',
    '-accel',
    'qtest',
  ]);
  assert.equal(args[args.indexOf('-name') + 1], 'target,debug-threads=on');
});

test('what an architecture needs beside the machine type is on the command line', () => {
  const args = machineArgs({ ...spec, arch: 'aarch64', machine: 'virt-10.0' });
  assert.ok(args.includes('virt-10.0,gic-version=3'));
  assert.equal(args[args.indexOf('-cpu') + 1], 'cortex-a72');
  const kvm = machineArgs({ ...spec, arch: 'aarch64', accel: 'kvm' });
  assert.equal(kvm[kvm.indexOf('-cpu') + 1], 'host');
  assert.ok(!machineArgs(spec).includes('-cpu'));
  assert.ok(!machineArgs(spec).includes('-m'));
  const power = machineArgs({ ...spec, arch: 'ppc64' });
  assert.ok(power.includes('-nodefaults'));
  assert.equal(power[power.indexOf('-m') + 1], '157286400B');
});

test('a comma in a path is doubled', () => {
  assert.ok(machineArgs(spec).includes('socket,id=serial0,fd=5,logfile=/t/a,,b.serial'));
});

test('every backend names the same block on both sides', () => {
  const object = (memory: MachineSpec['memory']): string | undefined => {
    const args = machineArgs({ ...spec, memory });
    return args[args.indexOf('-object') + 1];
  };
  assert.equal(object({ kind: 'anon' }), 'memory-backend-ram,id=mig.mem,size=157286400,share=off');
  assert.equal(
    object({ kind: 'memfd' }),
    'memory-backend-memfd,id=mig.mem,size=157286400,share=on',
  );
  assert.equal(
    object({ kind: 'shmem', path: '/dev/shm/x', descriptor: 20 }),
    'memory-backend-file,mem-path=/proc/self/fd/6,id=mig.mem,size=157286400,share=on',
  );
});
