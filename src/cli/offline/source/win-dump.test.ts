/** Windows crash dumps, as `dump-guest-memory -w` writes them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asArray, asObject } from '../../../model/json.js';
import type { Json } from '../../../model/json.js';
import { Scratch } from '../../../model/scratch.fixtures.js';
import { drover } from '../../process/drover.fixtures.js';
import { saved, winDump } from '../samples/dumps.fixtures.js';

const low = Buffer.alloc(4 * 4096, 1);
const high = Buffer.alloc(2 * 4096, 2);

test('a Windows crash dump is shown, scanned and compared like any other dump', async () => {
  using scratch = new Scratch();
  const runs = [
    [0, low],
    [8, high],
  ] as const;
  const dump = saved(scratch, 'vm.dmp', winDump(runs));
  const shown = await drover(['inspect', dump], scratch);
  assert.equal(shown.code, 0, shown.stderr);
  assert.match(shown.stdout, /^.*vm\.dmp: Windows crash dump$/m);
  const scanned = await drover(['scan', '--level', 'zero', '--json', dump], scratch);
  assert.equal(scanned.code, 0, scanned.stdout + scanned.stderr);
  const [memory] = asArray(asObject(JSON.parse(scanned.stdout) as Json)['blocks']).map(asObject);
  assert.deepEqual([memory?.['pages'], memory?.['absent'], memory?.['holes']], [10, 4, 4]);
  const raw = saved(scratch, 'vm.raw', Buffer.concat([low, Buffer.alloc(4 * 4096), high]));
  const held = ['--range', '0-16K', '--range', '32K-40K'];
  const equal = await drover(['diff', ...held, dump, raw], scratch);
  assert.equal(equal.code, 0, equal.stdout + equal.stderr);
  const other = saved(scratch, 'other.dmp', winDump([[0, high], runs[1]]));
  assert.equal((await drover(['diff', dump, other], scratch)).code, 1);
  const same = await drover(['diff', dump, dump], scratch);
  assert.equal(same.code, 0, same.stdout + same.stderr);
});

test('a Windows crash dump of another type is refused by name, a cut one is damaged', async () => {
  using scratch = new Scratch();
  const partial = saved(scratch, 'kernel.dmp', winDump([[0, low]], 2));
  const refused = await drover(['scan', partial], scratch);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /Windows crash dump of type 2.*dump the guest as win-dmp, elf/);
  const cut = saved(scratch, 'cut.dmp', winDump([[0, low]]).subarray(0, -1));
  const damaged = await drover(['scan', cut], scratch);
  assert.equal(damaged.code, 1);
  assert.match(damaged.stderr, /cut\.dmp, read as a Windows crash dump, is damaged.*cut short/);
});
