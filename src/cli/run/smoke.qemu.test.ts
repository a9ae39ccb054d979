/** The smoke tests through the command line, with every QEMU and across versions. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { asArray, asObject, asString } from '../../model/json.js';
import type { Json } from '../../model/json.js';
import { realQemu } from '../../qemu/qemus.fixtures.js';
import { Scratch, sharedMemoryFiles } from '../../model/scratch.fixtures.js';
import { allTests } from '../../suite/registry.js';
import { drover } from '../process/drover.fixtures.js';
import { isKnown } from './known-failures.fixtures.js';

const smoke = allTests.filter(({ level }) => level === 'smoke').map((each) => each.path);
/** those that QEMU 7.2 can run */
const old = [
  '/migration/precopy/unix/plain',
  '/migration/precopy/tcp/plain',
  '/migration/precopy/tcp/tls/psk/match',
  '/migration/multifd/tcp/uri/plain/none',
  '/migration/multifd/tcp/plain/zlib',
  '/migration/multifd/tcp/plain/cancel',
  '/migration/postcopy/plain',
  '/migration/postcopy/recovery/plain',
  '/migration/analyze-script',
  '/migration/bad_dest',
];

interface Result {
  readonly kind: unknown;
  readonly reason: string;
  readonly evidence: string;
}

function resultsOf(file: string): Map<string, Result> {
  const document = JSON.parse(readFileSync(file, 'utf8')) as Json;
  return new Map(
    asArray(asObject(document)['tests']).map((entry) => {
      const { test: name, outcome } = asObject(entry);
      const { kind, reason } = asObject(outcome);
      return [
        asString(name) ?? '',
        { kind, reason: asString(reason) ?? '', evidence: JSON.stringify(outcome) },
      ];
    }),
  );
}

/** @param version of the source */
async function runSmoke(
  args: readonly string[],
  arch: string,
  expected: readonly string[],
  version: string,
): Promise<void> {
  using scratch = new Scratch();
  const file = path.join(scratch.directory, 'results.json');
  const ran = await drover(['run', '--accel', 'tcg', '--json', file, ...args], scratch);
  const results = resultsOf(file);
  assert.deepEqual([...results.keys()].sort(), smoke.map((name) => `/${arch}${name}`).sort());
  let known = 0;
  for (const [name, result] of results) {
    if (result.kind === 'passed') continue;
    if (isKnown(version, name, JSON.parse(result.evidence) as Json)) {
      known += 1;
      continue;
    }
    assert.equal(result.kind, 'skipped', result.evidence);
    assert.notEqual(result.reason, '');
    assert.ok(!expected.some((each) => name === `/${arch}${each}`), result.evidence);
  }
  assert.equal(ran.code, known > 0 ? 1 : 0, `${ran.stdout}\n${ran.stderr}`);
  assert.deepEqual(scratch.content, ['results.json'], 'nothing else is left in TMPDIR');
  assert.deepEqual(scratch.processes(), []);
  assert.deepEqual(sharedMemoryFiles(), []);
}

/** those that every QEMU since 8.2 can run; the others need 10.1 or a host feature */
const usual = smoke.filter((name) => !/\+postcopy|postcopy\/|\/dio$|\/rdma\//.test(name));

for (const version of ['7.2', '11.1'] as const) {
  const qemu = realQemu(version, 'i386');
  test(
    `QEMU ${version} for i386, where there is no long mode, passes too`,
    { skip: qemu.skip },
    async () => {
      await runSmoke(['--qemu', qemu.command], 'i386', version === '7.2' ? old : usual, version);
    },
  );
}

for (const [from, to] of [
  ['7.2', '10.0'],
  ['10.0', '11.1'],
  ['11.1', '10.0'],
] as const) {
  const source = realQemu(from);
  const destination = realQemu(to);
  const skip = source.skip === false ? destination.skip : source.skip;
  test(`a guest moves from QEMU ${from} to ${to}`, { skip }, async () => {
    const pair = ['--qemu-src', source.command, '--qemu-dst', destination.command];
    await runSmoke(pair, 'x86_64', from === '7.2' ? old : usual, from);
  });
}

const piix = realQemu('10.0');
test('the guest runs on machine pc as it does on q35', { skip: piix.skip }, async () => {
  await runSmoke(['--qemu', piix.command, '--machine', 'pc'], 'x86_64', usual, '10.0');
});
