/**
 * Guests of architectures other than x86 through the command line, under TCG: each kind of
 * migration once, with each QEMU and from one to the next. What each image can do is tried in
 * migration/guests.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { asArray, asObject, asString } from '../../model/json.js';
import type { Json } from '../../model/json.js';
import type { Arch } from '../../model/arch.js';
import { realQemu } from '../../qemu/qemus.fixtures.js';
import { Scratch } from '../../model/scratch.fixtures.js';
import type { QemuVersion } from '../../qemu/qemus.fixtures.js';
import { drover } from '../process/drover.fixtures.js';

type Route = readonly [from: QemuVersion, to: QemuVersion];
const same: readonly Route[] = [
  ['10.0', '10.0'],
  ['11.1', '11.1'],
];
const routesOf: Partial<Record<Arch, readonly Route[]>> = {
  s390x: [...same, ['10.0', '11.1']],
  ppc64: [...same, ['10.0', '11.1']],
  // QEMU 11.1 refuses the state of these processors from 10.0, whatever their model.
  aarch64: same,
  riscv64: same,
  loongarch64: same,
};
const rows = [
  'precopy/unix/plain',
  'precopy/file/mapped-ram/live',
  'multifd/tcp/plain/zlib',
  'postcopy/plain',
  'analyze-script',
];

for (const [arch, routes] of Object.entries(routesOf)) {
  for (const [from, to] of routes) {
    const [source, destination] = [realQemu(from, arch), realQemu(to, arch)];
    const skip = source.skip === false ? destination.skip : source.skip;
    test(`a guest of ${arch} moves from QEMU ${from} to ${to}`, { skip }, async () => {
      using scratch = new Scratch();
      const file = path.join(scratch.directory, 'results.json');
      const ran = await drover(
        [
          ...['run', '--accel', 'tcg', '--json', file],
          ...['--qemu-src', source.command, '--qemu-dst', destination.command],
          ...rows.flatMap((row) => ['-p', `/${arch}/migration/${row}`]),
        ],
        scratch,
      );
      assert.equal(ran.code, 0, `${ran.stdout}\n${ran.stderr}`);
      const document = JSON.parse(readFileSync(file, 'utf8')) as Json;
      const kinds = asArray(asObject(document)['tests']).map((entry) => {
        const { test: name, outcome } = asObject(entry);
        const { kind, reason } = asObject(outcome);
        // the host may forbid postcopy, for one
        if (kind === 'skipped') assert.match(asString(reason) ?? '', /./);
        else assert.equal(kind, 'passed', asString(name));
        return kind;
      });
      assert.equal(kinds.length, rows.length);
      assert.ok(kinds.includes('passed'), 'nothing was run');
      assert.deepEqual(scratch.content, ['results.json'], 'nothing else is left in TMPDIR');
      assert.deepEqual(scratch.processes(), []);
    });
  }
}
