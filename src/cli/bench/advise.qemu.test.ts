/** `drover advise` with a real calibration; a real migration takes about as long as it says. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { Advice } from '../../bench/advise/advice.js';
import type { BenchDocument } from '../../bench/document.js';
import { Scratch } from '../../model/scratch.fixtures.js';
import { realQemu } from '../../qemu/qemus.fixtures.js';
import { cleanEnd, drover, testRefusal } from '../process/drover.fixtures.js';
import type { Refusal } from '../process/drover.fixtures.js';

const qemu = realQemu('11.1');
const guest = { memoryMiB: 256, pacePagesPerSecond: 8192 };
const own = ['advise', '--qemu', qemu.command, '--accel', 'tcg', '--memory', '256M'];
const small = [...own, '--dirty-rate', '32MiB/s', '--bandwidth', '100Gbit', '--downtime', '2000'];

/** a host that does other work at one of the two times is slower by that much */
const within = 3;

test(
  `the calibration's own guest migrates within a factor of ${within} of the predicted range`,
  { skip: qemu.skip },
  async () => {
    using scratch = new Scratch();
    const [kept, json, file, bench] = ['kept.json', 'advice.json', 'own.json', 'bench.json'].map(
      (name) => path.join(scratch.directory, name),
    ) as [string, string, string, string];
    const what = [...small, '--scenario', 'multifd:2', '--runs', '2', '--calibration', kept];
    cleanEnd(await drover([...what, '--json', json], scratch), scratch, 0);
    const { scenarios } = JSON.parse(readFileSync(json, 'utf8')) as Advice;
    const [advice] = scenarios;
    // the longest may have no end on a host that is slow at one of the times
    const least = advice?.best.totalMs;
    const most = advice?.worst.totalMs ?? Infinity;
    assert.ok(least !== undefined, JSON.stringify(scenarios));

    const migration = { transport: 'multifd', channels: 2 };
    const limits = { downtimeLimitMs: 1000, patienceMs: 60_000 };
    writeFileSync(file, JSON.stringify({ version: 1, scenarios: [{ guest, migration, limits }] }));
    const run = ['bench', '--qemu', qemu.command, '--accel', 'tcg', '--scenarios', file];
    cleanEnd(await drover([...run, '--pairs', '1', '--json', bench], scratch), scratch, 0);
    const document = JSON.parse(readFileSync(bench, 'utf8')) as BenchDocument;
    const took = document.scenarios[0]?.samples[0]?.measured?.totalMs ?? NaN;
    assert.ok(
      took > least / within && took < most * within,
      `${took}, not within ${least} to ${most}`,
    );

    // kept: no guest is started, and another workload has another answer
    const again = await drover([...what, '--downtime', '1'], scratch);
    cleanEnd(again, scratch, 0);
    assert.doesNotMatch(again.stderr, /calibrates/);
    assert.match(again.stdout, /multifd:2 +does not converge .* needs /);
    const other = await drover([...small, '--scenario', 'tcp', '--calibration', kept], scratch);
    cleanEnd(other, scratch, 2);
    assert.match(other.stderr, /it has no scenario tcp/);
    const usual = await drover([...small, '--calibration', kept], scratch);
    cleanEnd(usual, scratch, 0);
    assert.match(usual.stderr, /kept\.json has no tcp, multifd:4, .*to calibrate again with these/);
    writeFileSync(kept, readFileSync(kept, 'utf8').replace('"kernel": "', '"kernel": "old '));
    const refused = await drover(what, scratch);
    cleanEnd(refused, scratch, 2);
    assert.match(refused.stderr, /it was made with another kernel: old /);
  },
);

const refusals: readonly Refusal[] = [
  ['a rate without a unit', ['--bandwidth', '10'], /expected a rate of at least 1 B\/s/],
  ['a file', ['--scenario', 'mapped-ram'], /advise is about migrations over a network/],
  ['a folder as calibration', ['--calibration', '.'], /cannot read \.: .*; give another file/],
  ['a working set above the memory', ['--working-set', '1G'], /it is more than --memory/],
];
for (const refusal of refusals) testRefusal(small, refusal, qemu.skip);
