/**
 * The detector detects: pages of a stopped guest are altered, and the verdict names exactly those.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MemoryBackend } from '../model/command-line.js';
import type { MemoryVerdict } from '../model/verdict.js';
import type { Machine } from '../qemu/machine.js';
import { realQemus } from '../qemu/qemus.fixtures.js';
import { Scratch } from '../model/scratch.fixtures.js';
import type { RealQemu } from '../qemu/qemus.fixtures.js';
import { contextFor, planFor, stoppedMachine } from '../migration/context.fixtures.js';
import { onlySlice } from './verdict.fixtures.js';

const page = 4096;
const backends: readonly MemoryBackend[] = [{ kind: 'anon' }, { kind: 'memfd' }];

interface Stopped {
  readonly machine: Machine;
  /** what the check says now */
  check(): Promise<MemoryVerdict>;
  /** value of a page as the unaltered guest left it */
  readonly at: (address: number) => number;
  readonly clean: MemoryVerdict;
}

/** Writes stamps through qtest, runs `look`, and puts back what was there. */
async function altered(
  stopped: Stopped,
  changes: ReadonlyMap<number, number>,
  look: (verdict: MemoryVerdict) => void,
): Promise<void> {
  const { qtest } = stopped.machine;
  for (const [address, value] of changes) await qtest.writeByte(address, value);
  look(await stopped.check());
  for (const address of changes.keys()) await qtest.writeByte(address, stopped.at(address));
  assert.equal((await stopped.check()).damagedPages, 0, 'put back, it is whole again');
}

function damagedPages(verdict: MemoryVerdict): number[] {
  return onlySlice(verdict).damage.flatMap((run) =>
    Array.from({ length: run.pages }, (_, index) => run.start + index * page),
  );
}

function byteBefore(value: number): number {
  return (value + 255) % 256;
}

async function withStopped(
  qemu: RealQemu,
  memory: MemoryBackend,
  body: (stopped: Stopped) => Promise<void>,
): Promise<void> {
  using scratch = new Scratch();
  const plan = await planFor(qemu, scratch.directory);
  await using context = contextFor(plan, scratch.directory);
  const machine = await stoppedMachine(context, memory);
  const { range } = context.platform;
  const ram = await machine.ram(range);
  const check = async (): Promise<MemoryVerdict> => await ram.checkStopped(range);
  const untouched = await check();
  assert.equal(untouched.pages, 25344);
  assert.equal(untouched.damagedPages, 0, 'an unaltered guest gives none');

  // The guest may have been stopped with its edge anywhere, at the very start too: move it to the
  // middle.
  const edge = Math.floor((range.start + range.end) / 2 / page) * page;
  const { generation: value, edge: wasAt } = onlySlice(untouched);
  const wasEdge = wasAt ?? range.end;
  for (let address = Math.min(edge, wasEdge); address < Math.max(edge, wasEdge); address += page) {
    await machine.qtest.writeByte(address, address < edge ? value : byteBefore(value));
  }
  const clean = await check();
  const set = onlySlice(clean);
  assert.deepEqual([set.edge, set.generation, set.damagedPages], [edge, value, 0]);
  const at = (address: number): number => (address < edge ? value : byteBefore(value));
  await body({ machine, check, at, clean });
}

/** somewhere in the part of the range that is before, or after, the edge */
function somewhere(clean: MemoryVerdict, part: 'before' | 'after'): number {
  const { start, end } = clean.range;
  const edge = onlySlice(clean).edge ?? end;
  const middle = part === 'before' ? (start + edge) / 2 : (edge + end) / 2;
  return Math.floor(middle / page) * page;
}

for (const qemu of realQemus) {
  for (const memory of backends) {
    const name = `QEMU ${qemu.version}, ${memory.kind} memory: `;

    test(`${name}altered pages are named, exactly`, { skip: qemu.skip }, async (t) => {
      await withStopped(qemu, memory, async (stopped) => {
        const { clean, at } = stopped;
        const { start, end } = clean.range;
        const last = end - page;
        t.diagnostic(`read by ${clean.source}, scanned by ${clean.kernel}`);

        const before = somewhere(clean, 'before');
        await altered(stopped, new Map([[before, byteBefore(at(before))]]), (verdict) => {
          assert.deepEqual(
            damagedPages(verdict),
            [before],
            'one page stale by one before the edge',
          );
        });

        const after = somewhere(clean, 'after');
        await altered(stopped, new Map([[after, byteBefore(at(after))]]), (verdict) => {
          assert.deepEqual(damagedPages(verdict), [after], 'one page stale by one after the edge');
        });

        await altered(stopped, new Map([[last, (at(last) + 7) % 256]]), (verdict) => {
          assert.deepEqual(damagedPages(verdict), [last], 'the last page');
        });

        await altered(stopped, new Map([[start, (at(start) + 7) % 256]]), (verdict) => {
          assert.deepEqual(damagedPages(verdict), [start], 'the first page');
        });
      });
    });

    test(
      `${name}swapped ranges and many damaged pages are counted`,
      { skip: qemu.skip },
      async () => {
        await withStopped(qemu, memory, async (stopped) => {
          const { clean, at } = stopped;
          const { start, end } = clean.range;

          // 8 pages from the very start change places with the 8 at the very end, of the other
          // generation
          const swap = new Map<number, number>();
          for (let index = 0; index < 8; index++) {
            swap.set(start + index * page, at(end - page));
            swap.set(end - (index + 1) * page, at(start));
          }
          await altered(stopped, swap, (verdict) => {
            assert.equal(onlySlice(verdict).edge, onlySlice(clean).edge);
            const swapped = Array.from({ length: 8 }, (_, index) => start + index * page);
            const others = Array.from({ length: 8 }, (_, index) => end - (8 - index) * page);
            assert.deepEqual(damagedPages(verdict), [...swapped, ...others]);
          });

          const many = new Map<number, number>();
          for (let index = 0; index < 4939; index++) {
            const address = start + 5 * index * page;
            many.set(address, (at(address) + 100) % 256);
          }
          await altered(stopped, many, (verdict) => {
            assert.equal(verdict.damagedPages, 4939);
            assert.equal(verdict.intact, false);
            const listed = damagedPages(verdict);
            assert.deepEqual(listed, [...many.keys()].slice(0, listed.length));
          });
        });
      },
    );
  }

  test(
    `QEMU ${qemu.version}: what qtest reads is what the fast readers read`,
    { skip: qemu.skip },
    async () => {
      for (const memory of backends) {
        await withStopped(qemu, memory, async ({ machine, clean, at }) => {
          const { start, end } = clean.range;
          for (let address = start; address < end; address += 997 * page) {
            assert.equal(await machine.qtest.readByte(address), at(address), address.toString(16));
          }
        });
      }
    },
  );
}
