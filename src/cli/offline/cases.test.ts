/**
 * Files as real QEMUs wrote them, with the right answer of each: see
 * src/memory/fixtures/cases/README.md.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { samplesSkip, unpackCase } from '../../memory/samples.fixtures.js';
import { asArray, asObject, asString } from '../../model/json.js';
import type { Json, JsonObject } from '../../model/json.js';
import { Scratch } from '../../model/scratch.fixtures.js';
import { drover } from '../process/drover.fixtures.js';

const skip = samplesSkip;

async function blocksOf(
  words: readonly string[],
  scratch: Scratch,
  code = 0,
): Promise<JsonObject[]> {
  const ran = await drover(['scan', '--json', ...words], scratch);
  assert.equal(ran.code, code, ran.stderr);
  const document = asObject(JSON.parse(ran.stdout) as Json);
  assert.equal(document['clean'], code === 0);
  return asArray(document['blocks']).map((block) => asObject(block));
}

test('memory that a dump with paging does not hold is absent, not zero', { skip }, async () => {
  using scratch = new Scratch();
  const dump = unpackCase('elf-paging-direct.elf', scratch.directory);
  const truth = unpackCase('elf-paging-direct.truth.raw', scratch.directory);
  const [memory] = await blocksOf(['--level', 'zero', dump], scratch, 2);
  assert.deepEqual([memory?.['pages'], memory?.['absent'], memory?.['stored']], [2048, 1856, 192]);
  assert.equal(memory?.['zero'], 0);

  const hashed = await blocksOf(['--level', 'hash', dump], scratch, 2);
  assert.deepEqual([hashed[0]?.['sha256'], hashed[0]?.['absent']], [null, 1856]);
  const text = await drover(['scan', '--level', 'hash', dump], scratch);
  assert.match(
    text.stdout,
    /^no hash {2}memory: 1,856 of 2,048 pages are not in the file; --range hashes a part that is$/m,
  );
  const part = ['--level', 'hash', '--range', '0-0xc0000'];
  const [inDump] = await blocksOf([...part, dump], scratch);
  const [inTruth] = await blocksOf([...part, '--format', 'raw', truth], scratch);
  assert.equal(inDump?.['sha256'], inTruth?.['sha256'], 'what is there has a hash');

  const held = await drover(['diff', '--range', '0-0xc0000', dump, truth], scratch);
  assert.equal(held.code, 0, held.stdout + held.stderr);
  const whole = await drover(['diff', '--range', '0-8M', '--json', dump, truth], scratch);
  assert.equal(whole.code, 1, 'what one side does not hold is not equal');
  assert.match(whole.stdout, /"absentInFirst": ?1856/);
});

test('a mapped-ram file whose shared block is not in the file is complete', { skip }, async () => {
  using scratch = new Scratch();
  const file = unpackCase('mapped-ram-ignore-shared.mig', scratch.directory);
  const inspected = await drover(['inspect', file], scratch);
  assert.equal(inspected.code, 0, inspected.stdout + inspected.stderr);

  const blocks = await blocksOf(['--level', 'hash', file], scratch, 2);
  const hashes = new Map(blocks.map(({ name, sha256 }) => [asString(name), sha256]));
  assert.equal(hashes.get('m0'), null, 'there is nothing to hash');
  for (const [name, begin] of [
    ['pc.bios', '8c81752b'],
    ['/rom@etc/acpi/tables', '2a5c85f7'],
    ['pc.rom', 'fa43239b'],
    ['/rom@etc/table-loader', '14a84e1b'],
    ['/rom@etc/acpi/rsdp', '8df5594f'],
  ] as const) {
    assert.equal(asString(hashes.get(name))?.slice(0, 8), begin, name);
  }
  const counted = await blocksOf(['--level', 'zero', file], scratch, 2);
  const shared = counted.find(({ name }) => name === 'm0');
  assert.deepEqual([shared?.['absent'], shared?.['zero'], shared?.['stored']], [4096, 0, 0]);

  const text = await drover(['scan', '--level', 'hash', file], scratch);
  assert.equal(text.code, 2, 'not all of the memory is there to hash');
  assert.match(text.stdout, /^no hash {2}m0: its content is not in the file/m);
});
