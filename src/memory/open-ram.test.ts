/**
 * Opening memory, what is refused, and what happens when memory goes away or is closed while it is
 * read.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readlinkSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { folderFor } from '../model/scratch.fixtures.js';
import { loadAddon } from '../native/addon.js';
import type { GuestRam } from './guest-ram.js';
import { openProcessRam, openSharedRam } from './open-ram.js';
import { memfdWith, pageBytes, ramStart, rangeOf, soundStamps } from './stamps.fixtures.js';
import { onlySlice } from './verdict.fixtures.js';

/** A sparse file that takes seconds to scan and no room. */
function hugeFile(context: TestContext): string {
  const path = join(folderFor(context), 'ram');
  writeFileSync(path, '');
  truncateSync(path, 2 ** 36);
  return path;
}

const openHuge = async (path: string): Promise<GuestRam> =>
  await openSharedRam({ path, regions: [{ address: 0, size: 2 ** 36, offset: 0 }] });

const everything = { start: 0, end: 2 ** 36, step: pageBytes };

/** Where the start of the process's own program is mapped: its first bytes are known. */
function programAddress(pid: number): bigint {
  const program = readlinkSync(`/proc/${pid}/exe`);
  const maps = readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n');
  const [address] = maps.find((line) => line.endsWith(program))?.split('-', 1) ?? [];
  assert.ok(address !== undefined, `${program} is not mapped`);
  return BigInt(`0x${address}`);
}

const withCode = (code: string) => (error: unknown) =>
  error instanceof Error && 'code' in error && error.code === code;

test("another process's memory is read, and a process that ended gives its own error", async () => {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  const closed = once(child, 'close');
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  // Right after the spawn the child may still be on its way into its program.
  while (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('sleep')) await sleep(1);
  const regions = [{ address: ramStart, size: pageBytes, hostAddress: programAddress(pid) }];
  await using ram = await openProcessRam({ pid, regions });
  assert.equal(ram.source, `process_vm_readv of process ${pid}`);
  assert.deepEqual(await ram.readBytes(ramStart, 4), Buffer.from('\x7fELF', 'latin1'));
  assert.equal(onlySlice(await ram.checkStopped(rangeOf(1))).generation, 0x7f);
  child.kill('SIGKILL');
  await closed;
  await assert.rejects(ram.readBytes(ramStart, 4), withCode('process-gone'));
  await assert.rejects(openProcessRam({ pid, regions }), withCode('process-gone'));
});

test('an address that the process has not mapped is named', async () => {
  // Nothing is ever mapped at the lowest addresses.
  const hostAddress = 4096n;
  await assert.rejects(
    openProcessRam({
      pid: process.pid,
      regions: [{ address: ramStart, size: pageBytes, hostAddress }],
    }),
    /cannot read guest memory at 0x100000 from process \d+: process_vm_readv: Bad address/,
  );
});

test('ranges outside the regions, of half pages and empty ones are refused before anything is read', async () => {
  using memory = memfdWith(soundStamps(10, 5, 3));
  await using ram = await openSharedRam({
    fd: memory.fd,
    regions: [{ address: ramStart, size: 10 * pageBytes, offset: 0 }],
  });
  const { start, end, step } = rangeOf(10);
  for (const range of [
    { start, end: end + step, step },
    { start: start - step, end, step },
    { start, end: start, step },
    { start: start + 1, end, step },
    { start, end: end - 1, step },
    { start, end, step: 0 },
    { start: Number.NaN, end, step },
  ]) {
    await assert.rejects(ram.checkStopped(range), withCode('ram-range'), JSON.stringify(range));
  }
  await assert.rejects(ram.readBytes(end, 1), withCode('ram-range'));
  await assert.rejects(ram.readBytes(start, 0), withCode('ram-range'));
});

test('overlapping or missing regions and files that are too short are refused', async () => {
  using memory = memfdWith(soundStamps(10, 5, 3));
  const open = (regions: { address: number; size: number; offset: number }[]) =>
    openSharedRam({ fd: memory.fd, regions });
  await assert.rejects(open([]), withCode('ram-range'));
  await assert.rejects(
    open([
      { address: 0, size: 8192, offset: 0 },
      { address: 4096, size: 4096, offset: 8192 },
    ]),
    withCode('ram-range'),
  );
  await assert.rejects(
    open([{ address: 0, size: 11 * pageBytes, offset: 0 }]),
    withCode('ram-too-small'),
  );
  await assert.rejects(openHuge('/nowhere/at-all'), withCode('ram-unreadable'));
});

test('a scan ends with the reason of its signal', async (context) => {
  await using ram = await openHuge(hugeFile(context));
  const stop = new AbortController();
  const scan = ram.checkStopped(everything, { signal: stop.signal });
  setTimeout(() => {
    stop.abort(new Error('enough'));
  }, 20);
  await assert.rejects(scan, /^Error: enough$/);
  await assert.rejects(ram.checkStopped(everything, { signal: stop.signal }), /^Error: enough$/);
});

test('closing memory ends scans and watches under way, and refuses later ones', async (context) => {
  const ram = await openHuge(hugeFile(context));
  const scan = ram.checkStopped(everything);
  const watch = ram.watch({ address: 0, width: 1, until: 'equals', value: 1n, timeoutMs: 60_000 });
  const outcomes = Promise.allSettled([scan, watch]);
  await sleep(20);
  await ram[Symbol.asyncDispose]();
  await ram[Symbol.asyncDispose]();
  for (const outcome of await outcomes) {
    assert.ok(outcome.status === 'rejected' && withCode('ram-closed')(outcome.reason));
  }
  await assert.rejects(ram.readBytes(0, 1), withCode('ram-closed'));
});

test('a file that is cut short during a scan ends the scan, not the process', async (context) => {
  const path = hugeFile(context);
  await using ram = await openHuge(path);
  const scan = ram.checkStopped(everything);
  setTimeout(() => {
    truncateSync(path, 0);
  }, 20);
  await assert.rejects(scan, withCode('ram-too-small'));
});

const openFourPages = async (fd: number): Promise<GuestRam> =>
  await openSharedRam({ fd, regions: [{ address: ramStart, size: 4 * pageBytes, offset: 0 }] });

test('a watch sees a byte change while it waits, and eight bytes as one number', async () => {
  using memory = memfdWith(soundStamps(4, 4, 7));
  await using ram = await openFourPages(memory.fd);
  const byte = ram.watch({
    address: ramStart,
    width: 1,
    until: 'differs',
    value: 7n,
    timeoutMs: 20_000,
  });
  const word = ram.watch({
    address: ramStart + pageBytes,
    width: 8,
    until: 'equals',
    value: 0xfedcba9876543210n,
    timeoutMs: 20_000,
  });
  await sleep(5);
  const number = Buffer.alloc(8);
  number.writeBigUInt64LE(0xfedcba9876543210n);
  writeSync(memory.fd, number, 0, 8, pageBytes);
  writeSync(memory.fd, Uint8Array.of(8), 0, 1, 0);
  const { met, last, elapsedMs } = await byte;
  assert.deepEqual({ met, last }, { met: true, last: 8n });
  assert.ok(elapsedMs < 10_000);
  assert.equal((await word).last, 0xfedcba9876543210n);
});

test('a watch counts how far a byte has grown, over its wrap', async () => {
  using memory = memfdWith(soundStamps(4, 4, 254));
  await using ram = await openFourPages(memory.fd);
  const grown = ram.watch({
    ...{ address: ramStart, width: 1, until: 'advances', value: 5n, timeoutMs: 20_000 },
  });
  // from 254 on, at intervals, until it was counted: the time of the first read is not known
  let counting = true;
  const count = async (): Promise<void> => {
    for (let byte = 255; counting; byte = (byte + 1) % 256) {
      await sleep(2);
      writeSync(memory.fd, Uint8Array.of(byte), 0, 1, 0);
    }
  };
  const counted = count();
  const { met, advanced, elapsedMs } = await grown;
  counting = false;
  await counted;
  assert.equal(met, true);
  assert.ok(advanced >= 5n && advanced < 256n, `advanced by ${advanced}`);
  // five steps have four pauses between them
  assert.ok(elapsedMs >= 3, `${elapsedMs} ms`);
});

test('a watch ends on time and returns the last value it read', async () => {
  using memory = memfdWith(soundStamps(4, 4, 7));
  await using ram = await openFourPages(memory.fd);
  const result = await ram.watch({
    address: ramStart,
    width: 1,
    until: 'equals',
    value: 9n,
    timeoutMs: 30,
  });
  assert.equal(result.met, false);
  assert.equal(result.last, 7n);
  assert.ok(result.elapsedMs >= 30 && result.elapsedMs < 5000);
  const odd = {
    address: ramStart + 1,
    width: 8,
    until: 'equals',
    value: 0n,
    timeoutMs: 1,
  } as const;
  await assert.rejects(ram.watch(odd), withCode('ram-range'));
  await assert.rejects(ram.watch({ ...odd, width: 1, value: 256n }), withCode('ram-range'));
});

test("many watches at once leave Node's own pool of threads alone", async () => {
  using memory = memfdWith(soundStamps(4, 4, 7));
  const ram = await openFourPages(memory.fd);
  const stop = new AbortController();
  const watches = Promise.allSettled(
    Array.from({ length: 16 }, () =>
      ram.watch({
        address: ramStart,
        width: 1,
        until: 'differs',
        value: 7n,
        timeoutMs: 60_000,
        signal: stop.signal,
      }),
    ),
  );
  // A probe of a file goes through that pool.
  await assert.rejects(stat('/nowhere/at-all'));
  stop.abort();
  assert.equal((await watches).filter(({ status }) => status === 'rejected').length, 16);
  await ram[Symbol.asyncDispose]();
});

test('memory stays readable after the descriptor it was opened from is closed', async () => {
  const addon = loadAddon();
  const fd = addon.memfdCreate('drover-test', pageBytes);
  writeSync(fd, Uint8Array.of(5), 0, 1, 0);
  await using ram = await openSharedRam({
    fd,
    regions: [{ address: 0, size: pageBytes, offset: 0 }],
  });
  addon.closeFd(fd);
  assert.deepEqual(await ram.readBytes(0, 1), Buffer.of(5));
});
