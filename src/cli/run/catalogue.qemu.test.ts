/**
 * The catalogue with every QEMU, compared with the table of versions in the reference: all of it
 * with the newest, and with the older two a half each, since a test run has half an hour. All of it
 * with all with DROVER_TEST_CATALOGUE=whole, and then the Linux guest, too.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { asArray, asObject, asString } from '../../model/json.js';
import type { Json } from '../../model/json.js';
import { hostFactNames } from '../../model/host-facts.js';
import { qemuVersions, realQemus } from '../../qemu/qemus.fixtures.js';
import { Scratch, packageRoot, sharedMemoryFiles } from '../../model/scratch.fixtures.js';
import { allTests } from '../../suite/registry.js';
import { drover } from '../process/drover.fixtures.js';
import { isKnown } from './known-failures.fixtures.js';

/** what the table says of each test, by version */
function documented(): Map<string, readonly string[]> {
  const page = readFileSync(path.join(packageRoot, 'docs', 'reference', 'versions.md'), 'utf8');
  return new Map(
    page
      .split('\n')
      .filter((line) => line.startsWith('| `/'))
      .map((line) => {
        const [, name = '', ...cells] = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
        return [name.replaceAll('`', ''), cells.slice(0, qemuVersions.length)];
      }),
  );
}

function cellOf(outcome: Json | undefined): string {
  const { kind, reason } = asObject(outcome);
  if (kind !== 'skipped') return asString(kind) ?? '';
  return `skipped: ${(asString(reason) ?? '').replaceAll(/\b(\d+\.\d+)\.\d+\b/g, '$1').replaceAll('|', '\\|')}`;
}

/** of waits that ended */
const lateCodes = ['deadline', 'guest-dead', 'slow-cancel', 'stalled', 'long-downtime'];

/**
 * A guest that stood still for seconds, or a held migration that completed (found-in-qemu.md), on a
 * busy host. Memory or state that was lost once is lost, whatever a second attempt shows.
 */
function mayRepeat(outcome: Json | undefined): boolean {
  const { kind, verdict, failure } = asObject(outcome);
  if (kind !== 'failed' || verdict !== undefined) return false;
  const { code, message } = asObject(failure);
  if (code === 'wrong-status') {
    return (asString(message) ?? '').includes('completed on the source instead of active');
  }
  return lateCodes.includes(asString(code) ?? '');
}

/**
 * another host may offer more, or less: such a test may be skipped, with a reason, where others
 * pass
 */
function dependsOnHost(name: string): boolean {
  const found = allTests.find(({ path: below }) => name === `/x86_64${below}`);
  return (found?.needs ?? []).some(
    (need) => need.kind === 'host' && hostFactNames.includes(need.name),
  );
}

const table = documented();
/** at most this many tests may fail once on a busy host, and pass when they run again */
const mostRepeated = 2;
const isWhole = process.env['DROVER_TEST_CATALOGUE'] === 'whole';
const halves = isWhole ? [] : ['1/2', '2/2'];
/** Their guest takes seconds to boot; suite/tests/linux-tests.qemu.test.ts runs a few of their rounds. */
const seldom = '/x86_64/migration/linux';
const expected = new Map([...table].filter(([name]) => isWhole || !name.startsWith(`${seldom}/`)));

for (const [column, qemu] of realQemus.entries()) {
  const shard = halves[column];
  test(
    `QEMU ${qemu.version} passes ${shard === undefined ? 'the whole' : `shard ${shard} of the`} catalogue, as documented`,
    { skip: qemu.skip },
    async (context) => {
      using scratch = new Scratch();
      const file = path.join(scratch.directory, 'results.json');
      const usual = ['--level', 'flaky', '--accel', 'tcg', '--retries', '1'];
      const args = [...usual, '--qemu', qemu.command];
      if (shard !== undefined) args.push('--shard', shard);
      if (!isWhole) args.push('-x', seldom);
      const ran = await drover(['run', ...args, '--json', file], scratch);
      const document = JSON.parse(readFileSync(file, 'utf8')) as Json;
      const results = asArray(asObject(document)['tests']).map(asObject);
      const names = new Set(results.map((result) => asString(result['test'])));
      if (shard === undefined) assert.deepEqual(names, new Set(expected.keys()));
      else assert.ok(names.size > expected.size / 3, `${names.size} of ${expected.size} tests`);
      let known = 0;
      let repeated = 0;
      for (const [index, result] of results.entries()) {
        const name = asString(result['test']) ?? '';
        const cell = cellOf(result['outcome']);
        const isRepeated = results.slice(index + 1).some(({ test: later }) => later === name);
        if (isRepeated && mayRepeat(result['outcome'])) {
          repeated += 1;
          context.diagnostic(`${name} ran again, since: ${JSON.stringify(result['outcome'])}`);
          continue;
        }
        if (cell === 'failed' && isKnown(qemu.version, name, result['outcome'])) {
          known += 1;
          context.diagnostic(`${name}: a known failure of QEMU ${qemu.version}`);
          continue;
        }
        if (dependsOnHost(name) && /^(passed|skipped: .)/.test(cell)) continue;
        assert.equal(cell, expected.get(name)?.[column], `${name}\n${ran.stdout.slice(-6000)}`);
      }
      assert.ok(repeated <= mostRepeated, `${repeated} tests failed and ran again\n${ran.stdout}`);
      assert.equal(ran.code, known > 0 ? 1 : 0, `${ran.stdout.slice(-6000)}\n${ran.stderr}`);
      assert.deepEqual(scratch.content, ['results.json'], 'nothing else is left in TMPDIR');
      assert.deepEqual(scratch.processes(), []);
      assert.deepEqual(sharedMemoryFiles(), []);
    },
  );
}
