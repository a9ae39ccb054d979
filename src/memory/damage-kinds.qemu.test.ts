/**
 * Every kind of damage on a stopped destination, with every kind of stamp: what is seen, and what
 * it is called. The table in docs/reference/guest.md says the same.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pause } from '../model/deadline.js';
import { drawing } from '../model/drawing.fixtures.js';
import type { StampKind } from '../model/stamps.js';
import type { PageDamageKind, SliceVerdict } from '../model/verdict.js';
import { withStamp } from '../model/page-stamp.js';
import { realQemu } from '../qemu/qemus.fixtures.js';
import { Scratch } from '../model/scratch.fixtures.js';
import { contextFor, planFor } from '../migration/context.fixtures.js';
import { migrate } from '../migration/commands.js';
import type { TestContext } from '../migration/context.js';
import { startPair } from '../migration/pair.js';
import type { Pair } from '../migration/pair.js';
import { prepareStopped, waitGuest } from '../migration/steps.js';
import { waitStatus } from '../migration/waits.js';
import { hex } from '../model/text/format.js';
import { onlySlice } from './verdict.fixtures.js';

const pageBytes = 4096;
const range = { start: 0x100000, end: 0x300000, step: pageBytes };
const last = range.end - pageBytes;

interface State {
  readonly stamp: StampKind;
  /** of the pages before the edge */
  readonly generation: number;
  readonly edge: number;
  readonly page: (address: number) => Buffer;
}

type Change = (state: State) => ReadonlyMap<number, Buffer>;
type Sight = PageDamageKind | 'unseen';

/** a page of `address` as it was `by` generations ago */
function stale(state: State, address: number, by: number): Buffer {
  const generation = (address < state.edge ? state.generation : state.generation - 1) - by;
  return withStamp(state.page(address), state.stamp, address, generation);
}

const one = (address: number, page: Buffer): ReadonlyMap<number, Buffer> =>
  new Map([[address, page]]);

function flip(page: Buffer, offset: number, bit: number): Buffer {
  const changed = Buffer.from(page);
  changed.writeUInt8(page.readUInt8(offset) ^ (1 << bit), offset);
  return changed;
}

const a = range.start + 20 * pageBytes;
const b = range.start + 50 * pageBytes;
const beforeEdge = ({ edge }: State): number => edge - pageBytes;

/** name, change, and what each stamp makes of it */
const damages: readonly (readonly [string, Change, Readonly<Record<StampKind, Sight>>])[] = [
  [
    'two pages swapped',
    ({ page }) =>
      new Map([
        [a, page(b)],
        [b, page(a)],
      ]),
    { byte: 'unseen', wide: 'misplaced', page: 'misplaced' },
  ],
  [
    'a page copied over another',
    ({ page }) => one(a, page(b)),
    { byte: 'unseen', wide: 'misplaced', page: 'misplaced' },
  ],
  [
    'the second half of a page is old',
    (state) => {
      const old = stale(state, a, 1).subarray(2048);
      return one(a, Buffer.concat([state.page(a).subarray(0, 2048), old]));
    },
    { byte: 'unseen', wide: 'unseen', page: 'partly-written' },
  ],
  [
    'the first half of a page is old',
    (state) => {
      const old = stale(state, a, 1).subarray(0, 2048);
      return one(a, Buffer.concat([old, state.page(a).subarray(2048)]));
    },
    { byte: 'stale', wide: 'stale', page: 'partly-written' },
  ],
  [
    'stale by 1',
    (state) => one(a, stale(state, a, 1)),
    { byte: 'stale', wide: 'stale', page: 'stale' },
  ],
  [
    'stale by 2',
    (state) => one(a, stale(state, a, 2)),
    { byte: 'stale', wide: 'stale', page: 'stale' },
  ],
  [
    'stale by 256',
    (state) => one(a, stale(state, a, 256)),
    { byte: 'unseen', wide: 'stale', page: 'stale' },
  ],
  [
    'a page zeroed',
    () => one(a, Buffer.alloc(pageBytes)),
    { byte: 'zeroed', wide: 'zeroed', page: 'zeroed' },
  ],
  [
    'the first page stale by 2',
    (state) => one(range.start, stale(state, range.start, 2)),
    { byte: 'stale', wide: 'stale', page: 'stale' },
  ],
  [
    'the last page stale by 1',
    (state) => one(last, stale(state, last, 1)),
    { byte: 'stale', wide: 'stale', page: 'stale' },
  ],
  [
    'the page before the edge zeroed',
    (state) => one(beforeEdge(state), Buffer.alloc(pageBytes)),
    { byte: 'zeroed', wide: 'zeroed', page: 'zeroed' },
  ],
  [
    'the page before the edge stale by 2',
    (state) => one(beforeEdge(state), stale(state, beforeEdge(state), 2)),
    { byte: 'stale', wide: 'stale', page: 'stale' },
  ],
  [
    'the first half of the page before the edge is two generations old',
    (state) => {
      const at = beforeEdge(state);
      const old = stale(state, at, 2).subarray(0, 2048);
      return one(at, Buffer.concat([old, state.page(at).subarray(2048)]));
    },
    { byte: 'stale', wide: 'stale', page: 'partly-written' },
  ],
  [
    'a bit flipped in the page before the edge',
    (state) => one(beforeEdge(state), flip(state.page(beforeEdge(state)), 2000, 3)),
    { byte: 'unseen', wide: 'unseen', page: 'flipped' },
  ],
  [
    // The state of a sound guest one page earlier; see guest/README.md.
    'the page before the edge stale by 1, as its writer had left it',
    (state) => one(beforeEdge(state), stale(state, beforeEdge(state), 1)),
    { byte: 'unseen', wide: 'unseen', page: 'unseen' },
  ],
];

const flips = 1000;

async function migrated(pair: Pair): Promise<void> {
  await waitGuest(pair);
  await prepareStopped(pair);
  const arriving = pair.destination.qmp.events.cursor;
  await migrate(pair.source, await pair.target());
  await waitStatus(pair.destination, { goal: 'completed', since: arriving });
}

/**
 * Lets the guest go on at the destination until 256 generations back there was one, and the edge is
 * in the middle.
 */
async function wellPlaced(pair: Pair, check: () => Promise<SliceVerdict>): Promise<SliceVerdict> {
  for (let ranMs = 0; ; ranMs += 1) {
    pair.context.signal.throwIfAborted();
    const found = await check();
    const { generation, edge, beingWritten } = found;
    assert.equal(found.damagedPages, 0, 'before anything is damaged');
    const low = generation % 256;
    const placed = edge !== null && edge > b + 40 * pageBytes && edge < last - 40 * pageBytes;
    if (placed && beingWritten === null && generation > 260 && low > 4 && low < 252) return found;
    await pair.destination.qmp.execute('cont');
    // A busy host needs a while to run the guest at all.
    await pause(ranMs % 20, pair.context.signal);
    await pair.destination.qmp.execute('stop');
  }
}

async function slice(context: TestContext, pair: Pair): Promise<SliceVerdict> {
  const ram = await pair.destination.ram(range);
  return onlySlice(await ram.checkStopped(context.stamped));
}

for (const stamp of ['byte', 'wide', 'page'] as const) {
  const qemu = realQemu('10.0');
  test(
    `stamp ${stamp}: what is done to pages of a stopped destination is seen and named`,
    { skip: qemu.skip, timeout: 600_000 },
    async () => {
      using scratch = new Scratch();
      const plan = await planFor(qemu, scratch.directory);
      // A byte does not show how often it wrapped around: this wait is long enough.
      const shape = { ramBytes: 16 * 2 ** 20, range, stamp, passesPerB: 300 };
      await using context = contextFor(plan, scratch.directory, shape);
      const pair = await startPair(context, { listen: 'tcp:127.0.0.1:0', memory: 'memfd' });
      await migrated(pair);
      const check = async (): Promise<SliceVerdict> => await slice(context, pair);
      const found =
        stamp === 'byte'
          ? await wellPlaced(pair, async () => {
              const byByte = await check();
              return { ...byByte, generation: byByte.generation + 512 };
            })
          : await wellPlaced(pair, check);
      const { qtest } = pair.destination;
      const ram = await pair.destination.ram(range);
      const whole = await ram.readBytes(range.start, range.end - range.start);
      const page = (address: number): Buffer =>
        whole.subarray(address - range.start, address - range.start + pageBytes);
      const edge = found.edge ?? 0;
      const state: State = { stamp, generation: found.generation, edge, page };

      const apply = async (changes: ReadonlyMap<number, Buffer>): Promise<SliceVerdict> => {
        for (const [address, bytes] of changes) await qtest.write(address, bytes);
        const verdict = await check();
        for (const address of changes.keys()) await qtest.write(address, page(address));
        return verdict;
      };

      for (const [name, change, sights] of damages) {
        const changes = change(state);
        const { damage } = await apply(changes);
        const sight = sights[stamp];
        const seen = damage.map(({ kind, start, pages }) => [kind, start, pages]);
        const wanted =
          sight === 'unseen' ? [] : [...changes.keys()].map((address) => [sight, address, 1]);
        assert.deepEqual(seen, wanted, name);
      }

      const random = drawing(20261125);
      const seenBytes = { byte: 1, wide: 16, page: pageBytes }[stamp];
      let seen = 0;
      for (let turn = 0; turn < flips; turn++) {
        const address = range.start + pageBytes * random(whole.length / pageBytes);
        // Half of them in the first 32 bytes, or kinds but page would have hardly anything to see.
        const offset = random(2) === 0 ? random(32) : random(pageBytes);
        // Word 0 next to the edge may become what it was or will be in a sound guest; with whole
        // pages only before it.
        const nextToEdge = address === beforeEdge(state) || (stamp !== 'page' && address === edge);
        if (nextToEdge && offset < 8) continue;
        const changed = flip(page(address), offset, random(8));
        const { damage } = await apply(one(address, changed));
        const what = `page ${hex(address)}, byte ${offset}`;
        assert.equal(damage.length, offset < seenBytes ? 1 : 0, what);
        if (damage.length > 0) seen += 1;
        if (damage.length > 0) assert.equal(damage[0]?.start, address, what);
        if (stamp === 'page') {
          assert.equal(damage[0]?.kind, 'flipped', what);
          assert.equal(damage[0].byteOffset, offset, what);
        }
      }
      assert.ok(seen > 0);
      assert.equal((await check()).damagedPages, 0, 'put back, it is whole again');
    },
  );
}
