/**
 * `drover run --coverage` with a real QEMU: what its tests exercised is on the console, in the file
 * and in the event log.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { realQemu } from '../../qemu/qemus.fixtures.js';
import { Scratch } from '../../model/scratch.fixtures.js';
import type { Coverage } from '../../report/log/coverage.js';
import { drover } from '../process/drover.fixtures.js';

const qemu = realQemu('11.1');

test(
  'capabilities, parameters and transports of a QEMU: which tests used them, and which nothing used',
  { skip: qemu.skip },
  async () => {
    using scratch = new Scratch();
    const file = path.join(scratch.directory, 'coverage.json');
    const out = path.join(scratch.directory, 'out');
    const tests = [
      '-p',
      'multifd/tcp/uri/plain/none',
      '-p',
      'chain/unix/stopped',
      '-p',
      'precopy/fd/file',
    ];
    const args = ['--accel', 'tcg', '--qemu', qemu.command, ...tests];
    const ran = await drover(['run', ...args, `--coverage=${file}`, '--out', out], scratch);
    assert.equal(ran.code, 0, `${ran.stdout}\n${ran.stderr}`);

    const { features } = JSON.parse(readFileSync(file, 'utf8')) as Coverage;
    const testsOf = (kind: string, name: string): readonly string[] | undefined =>
      features.find((feature) => feature.kind === kind && feature.name === name)?.tests;
    const multifd = '/x86_64/migration/multifd/tcp/uri/plain/none';
    const chain = '/x86_64/migration/chain/unix/stopped';
    assert.deepEqual(testsOf('capability', 'multifd'), [multifd]);
    assert.deepEqual(testsOf('capability', 'events'), [chain, multifd]);
    assert.deepEqual(testsOf('capability', 'xbzrle'), [], 'offered, and nobody switched it on');
    assert.deepEqual(testsOf('value', 'multifd-compression=none'), [multifd]);
    assert.deepEqual(testsOf('parameter', 'multifd-channels'), [multifd]);
    assert.deepEqual(testsOf('transport', 'unix'), [chain]);
    assert.deepEqual(testsOf('transport', 'tcp'), [multifd]);
    assert.deepEqual(testsOf('transport', 'vsock'), []);
    assert.deepEqual(testsOf('channel', 'cpr'), []);
    assert.equal(testsOf('capability', 'compress'), undefined, 'this QEMU has none');

    assert.match(ran.stdout, /^coverage by 2 passed tests$/m);
    assert.match(ran.stdout, /^ {2}multifd +multifd\/tcp\/uri\/plain\/none$/m);
    assert.match(ran.stdout, /^ {2}transport vsock$/m);
    const log = readFileSync(path.join(out, 'events.jsonl'), 'utf8');
    assert.match(log, /"offered":\[[^\]]*"transport vsock"/);
    assert.match(log, /"exercised":\[[^\]]*"capability multifd"/);
  },
);

test(
  'TAP stays TAP, and a file that cannot be written is refused at once',
  { skip: qemu.skip },
  async () => {
    using scratch = new Scratch();
    const args = ['run', '--accel', 'tcg', '--qemu', qemu.command, '-p', 'bad_dest'];
    const ran = await drover([...args, '--tap', '--coverage'], scratch);
    assert.equal(ran.code, 0, ran.stderr);
    const told = ran.stdout.slice(ran.stdout.indexOf('# coverage'));
    assert.match(told, /^# capabilities: 1 of \d+ exercised$/m);
    assert.ok(
      told
        .trimEnd()
        .split('\n')
        .every((line) => line.startsWith('#')),
      told,
    );

    const refused = await drover([...args, '--coverage=/nowhere/x.json'], scratch);
    assert.equal(refused.code, 2, refused.stdout);
    assert.match(refused.stderr, /\/nowhere/);
  },
);
