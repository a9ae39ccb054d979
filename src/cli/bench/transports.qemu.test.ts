/** Scenarios with TLS, direct I/O and a stop of the guest really run, with two releases of QEMU. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { BenchDocument } from '../../bench/document.js';
import { Scratch } from '../../model/scratch.fixtures.js';
import { realQemu } from '../../qemu/qemus.fixtures.js';
import type { ScenarioInput } from '../../suite/scenario-input.js';
import { cleanEnd, drover } from '../process/drover.fixtures.js';

const guest = { memoryMiB: 48 };
const scenarios: readonly ScenarioInput[] = [
  { guest, migration: { transport: 'unix', tls: 'x509' } },
  { guest, migration: { transport: 'multifd', channels: 2, tls: 'psk' } },
  {
    guest,
    migration: { transport: 'mapped-ram-multifd', channels: 2, parameters: { 'direct-io': true } },
  },
  {
    guest: { ...guest, pacePagesPerSecond: 0 },
    machine: { sourceCpus: '0' },
    migration: { transport: 'tcp', pauseAfter: 1, parameters: { 'max-bandwidth': 50_000_000 } },
  },
  { guest, machine: { sourceNode: 1023 }, migration: { transport: 'tcp' } },
];

for (const version of ['11.1', '10.0'] as const) {
  const qemu = realQemu(version);
  test(
    `QEMU ${version} migrates with TLS, direct I/O and a stop`,
    { skip: qemu.skip },
    async () => {
      using scratch = new Scratch();
      const [file, json] = ['own.json', 'bench.json'].map((name) =>
        path.join(scratch.directory, name),
      ) as [string, string];
      writeFileSync(file, JSON.stringify({ version: 1, scenarios }));
      const what = ['bench', '--qemu', qemu.command, '--accel', 'tcg', '--scenarios', file];
      const ran = await drover([...what, '--pairs', '1', '--json', json], scratch);
      cleanEnd(ran, scratch, 0);
      const { scenarios: results } = JSON.parse(readFileSync(json, 'utf8')) as BenchDocument;
      const measured = results.map(({ samples }) => samples[0]?.measured);
      for (const each of measured.slice(0, 4)) assert.ok((each?.totalMs ?? 0) > 0);
      const [, , file_, paused] = measured;
      assert.ok((file_?.restoreMs ?? 0) > 0, 'the destination read the file');
      // the last pass over all of its memory, at 50 MB/s, is part of the downtime
      assert.ok((paused?.stopToResumeMs ?? 0) > 300, JSON.stringify(paused));
      assert.match(results[4]?.skipped ?? '', /this host has no NUMA node 1023/);
    },
  );
}

test(
  '--list says which scenarios a QEMU runs, and why not',
  { skip: realQemu('11.1').skip },
  async () => {
    using scratch = new Scratch();
    const groups = ['--group', 'guestperf/compr-mt', '--group', 'tls', '--accel', 'tcg'];
    const what = ['bench', '--list', '--qemu', realQemu('11.1').command, ...groups];
    const ran = await drover(what, scratch);
    cleanEnd(ran, scratch, 0);
    assert.match(ran.stdout, /^guestperf\/compr-mt:$/m);
    assert.match(
      ran.stdout,
      /compress-threads=4.* skipped: .* no capability compress \(needs 2\.4 to/,
    );
    assert.match(ran.stdout, /^ {2}multifd:4,tls=x509 +runs$/m);
  },
);
