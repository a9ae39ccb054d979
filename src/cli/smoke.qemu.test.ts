/** The smoke tests through the command line, with every QEMU and across versions. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { asArray, asObject, asString } from '../model/json.js';
import type { Json } from '../model/json.js';
import { Scratch, realQemu, realQemus, sharedMemoryFiles } from '../qemu/qemus.fixtures.js';
import { drover } from './drover.fixtures.js';

const smoke = [
  '/migration/precopy/unix/plain',
  '/migration/precopy/tcp/plain',
  '/migration/precopy/unix/suspend/live',
  '/migration/precopy/unix/suspend/notlive',
  '/migration/precopy/file',
  '/migration/multifd/tcp/uri/plain/none',
  '/migration/bad_dest',
];
/** what QEMU 7.2 lacks, and why */
const tooNew: Readonly<Record<string, RegExp>> = {
  '/migration/precopy/unix/suspend/live': /suspended guest.*needs 9\.0/,
  '/migration/precopy/unix/suspend/notlive': /suspended guest.*needs 9\.0/,
  '/migration/precopy/file': /file: migration.*needs 8\.2/,
};

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

async function runSmoke(args: readonly string[], arch: string, old: boolean): Promise<void> {
  using scratch = new Scratch();
  const file = path.join(scratch.directory, 'results.json');
  const ran = await drover(['run', '--accel', 'tcg', '--json', file, ...args], scratch);
  assert.equal(ran.code, 0, `${ran.stdout}\n${ran.stderr}`);
  const results = resultsOf(file);
  assert.deepEqual([...results.keys()].sort(), smoke.map((name) => `/${arch}${name}`).sort());
  for (const name of smoke) {
    const result = results.get(`/${arch}${name}`);
    const reason = old ? tooNew[name] : undefined;
    assert.equal(result?.kind, reason === undefined ? 'passed' : 'skipped', result?.evidence);
    if (reason !== undefined) assert.match(result.reason, reason);
  }
  assert.deepEqual(scratch.content, ['results.json'], 'nothing else is left in TMPDIR');
  assert.deepEqual(scratch.processes(), []);
  assert.deepEqual(sharedMemoryFiles(), []);
}

for (const qemu of realQemus) {
  void test(`QEMU ${qemu.version} passes the smoke tests`, { skip: qemu.skip }, async () => {
    await runSmoke(['--qemu', qemu.command], 'x86_64', qemu.version === '7.2');
  });
}

for (const version of ['7.2', '11.1'] as const) {
  const qemu = realQemu(version, 'i386');
  void test(
    `QEMU ${version} for i386, where there is no long mode, passes too`,
    { skip: qemu.skip },
    async () => {
      await runSmoke(['--qemu', qemu.command], 'i386', version === '7.2');
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
  void test(`a guest moves from QEMU ${from} to ${to}`, { skip }, async () => {
    const pair = ['--qemu-src', source.command, '--qemu-dst', destination.command];
    await runSmoke(pair, 'x86_64', from === '7.2');
  });
}

const piix = realQemu('10.0');
void test('the guest runs on machine pc as it does on q35', { skip: piix.skip }, async () => {
  await runSmoke(['--qemu', piix.command, '--machine', 'pc'], 'x86_64', false);
});
