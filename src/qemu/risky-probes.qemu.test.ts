/** A QEMU that dies in a probe lacks one feature; all others are found. */
import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { unmet } from '../model/features.js';
import { Scratch } from '../model/scratch.fixtures.js';
import { resolveBinary } from './binary.js';
import { probeFeatures } from './probe.js';
import { realQemu } from './qemus.fixtures.js';

const qemu = realQemu('10.0');

/**
 * A QEMU that dies when a QMP command holds this text: a program between it and who talks to it.
 */
function dyingAt(text: string, scratch: Scratch): string {
  const program = path.join(scratch.directory, 'qemu-system-x86_64');
  const source = `#!${process.execPath}
const { spawn } = require('node:child_process');
const { Socket } = require('node:net');
const args = process.argv.slice(2);
const index = args.findIndex((each) => each.startsWith('socket,id=qmp,fd='));
const outer = new Socket({ fd: Number(args[index].split('fd=')[1]) });
args[index] = 'socket,id=qmp,fd=3';
const child = spawn(${JSON.stringify(qemu.command)}, args, { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] });
const inner = child.stdio[3];
inner.pipe(outer);
outer.on('data', (data) => {
  if (data.includes(${JSON.stringify(text)})) child.kill('SIGSEGV');
  else inner.write(data);
});
outer.on('error', () => undefined);
inner.on('error', () => undefined);
child.on('exit', (code, signal) => {
  if (signal === null) process.exit(code);
  process.kill(process.pid, signal);
});
`;
  writeFileSync(program, source);
  chmodSync(program, 0o755);
  return program;
}

for (const [text, reasonOf] of [
  [
    'rdma:',
    /^QEMU 10\.0\.\d+ has no rdma: migration \(needs 2\.0\): QEMU was ended by SIGSEGV in the probe for it$/,
  ],
  ['tls-creds-psk', /^QEMU 10\.0\.\d+ has no TLS: QEMU was ended by SIGSEGV in the probe for it$/],
  [
    'migrate-set-capabilities',
    /has no postcopy-ram with multifd .*was ended by SIGSEGV in the probe for it$/,
  ],
] as const) {
  test(`a QEMU that dies at ${text} can be used`, { skip: qemu.skip }, async () => {
    using scratch = new Scratch();
    const options = { directory: scratch.directory, env: process.env, timeoutMs: 60_000 };
    const binary = resolveBinary(dyingAt(text, scratch), { searchPath: '', origin: 'test' });
    const found = await probeFeatures(binary, options);
    const reasons = [
      unmet({ kind: 'transport', name: 'rdma', since: '2.0' }, found),
      unmet({ kind: 'tls', since: '2.7' }, found),
      unmet({ kind: 'together', names: ['postcopy-ram', 'multifd'], since: '10.1' }, found),
    ];
    assert.ok(
      reasons.some((reason) => reasonOf.test(reason ?? '')),
      reasons.join('; '),
    );
    assert.equal(reasons.filter((reason) => reason?.includes('SIGSEGV')).length, 1);
    assert.ok(found.machines.length > 0 && found.devices.includes('virtio-net-pci'));
    assert.deepEqual(scratch.processes(), []);
  });
}
