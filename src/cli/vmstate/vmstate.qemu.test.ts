/** `drover vmstate` with real QEMUs, and with programs that only look like one. */
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { HarnessError } from '../../model/errors.js';
import { Scratch } from '../../model/scratch.fixtures.js';
import { resolveBinary } from '../../qemu/binary.js';
import { realQemu, realQemus } from '../../qemu/qemus.fixtures.js';
import type { RealQemu } from '../../qemu/qemus.fixtures.js';
import { dumpVmstate } from '../../qemu/vmstate-dump.js';
import type { DeviceDifferences } from '../../vmstate/differences.js';
import { drover } from '../process/drover.fixtures.js';

const [oldest, middle, newest] = realQemus as [RealQemu, RealQemu, RealQemu];
const { skip } = newest;

interface Document {
  readonly machine: string;
  readonly devices: readonly DeviceDifferences[];
}

for (const [a, b, machine] of [
  [oldest, middle, 'pc-q35-7.2'],
  [middle, newest, 'pc-q35-10.0'],
  [newest, oldest, 'pc-q35-7.2'],
] as const) {
  const title = `QEMU ${a.version} and ${b.version}: what must break is found, in text, JSON and HTML`;
  const missing = a.skip === false ? b.skip : a.skip;
  test(title, { skip: missing }, async () => {
    using scratch = new Scratch();
    const json = path.join(scratch.directory, 'o.json');
    const html = path.join(scratch.directory, 'o.html');
    const files = ['--json', json, '--html', html];
    const ran = await drover(['vmstate', a.command, b.command, ...files], scratch);
    assert.equal(ran.code, 1, ran.stderr);
    const found = JSON.parse(readFileSync(json, 'utf8')) as Document;
    assert.equal(found.machine, machine);
    assert.match(ran.stdout, /^A to B: must break for \d+ devices?, may break for \d+$/m);
    for (const { device } of found.devices) assert.ok(ran.stdout.includes(`\n${device}\n`), device);
    assert.ok(readFileSync(html, 'utf8').endsWith('</body></html>\n'));
    if (a !== newest && b !== newest) return;
    // 11.1 gave the section of isa-vga another name.
    const vga = found.devices.find(({ device }) => device === 'isa-vga')?.differences ?? [];
    assert.ok(vga.some(({ kind }) => kind === 'section-renamed'));
  });
}

test('a QEMU has no difference from itself, also behind a prefix', { skip }, async () => {
  using scratch = new Scratch();
  const ran = await drover(
    ['vmstate', newest.command, `env A=b ${newest.command}`, '--machine', 'pc'],
    scratch,
  );
  assert.equal(ran.code, 0, ran.stderr);
  assert.match(ran.stdout, /^no difference$/m);
});

test(
  'unknown machines, two architectures and missing programs are wrong usage',
  { skip },
  async () => {
    using scratch = new Scratch();
    for (const args of [
      [newest.command, newest.command, '--machine', 'pc-q35-99.9'],
      [newest.command, realQemu('11.1', 'aarch64').command],
      [newest.command, '/nowhere/qemu-system-x86_64'],
      [newest.command],
    ]) {
      const ran = await drover(['vmstate', ...args], scratch);
      assert.equal(ran.code, 2, ran.stdout + ran.stderr);
    }
  },
);

const programs: readonly (readonly [string, string, RegExp])[] = [
  ['fails', 'echo no such thing >&2; exit 7', /exited with status 7/],
  ['writes nothing', 'exit 0', /there is no file/],
  ['writes an empty file', ': > "$6"', /the file is empty/],
  ['writes too much', 'truncate -s 80M "$6"', /more than 64 MiB/],
  ['hangs', 'sleep 60', /end of the QEMU process/],
];

for (const [what, script, message] of programs) {
  test(`a program that ${what} is reported`, async () => {
    using scratch = new Scratch();
    const program = path.join(scratch.directory, 'qemu-system-x86_64');
    writeFileSync(program, `#!/bin/sh\n${script}\n`);
    chmodSync(program, 0o755);
    const binary = resolveBinary(program, { searchPath: '', origin: 'the test' });
    const { directory } = scratch;
    const options = { directory, env: process.env, machine: 'pc', timeoutMs: 3000 };
    await assert.rejects(dumpVmstate(binary, options), (error: unknown) => {
      assert.ok(error instanceof HarnessError && error.blame !== 'usage');
      assert.match(error.message, message);
      return true;
    });
  });
}
