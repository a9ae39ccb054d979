/**
 * Files that are read while they are written, as compressed files are while a program unpacks them.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Cancelled } from '../model/deadline.js';
import { Scratch } from '../model/scratch.fixtures.js';
import { openImage } from './image.js';
import type { MemoryImage, OpenImageOptions } from './image.js';
import type { WorkOptions } from './image-work.js';
import { sampleNamed, samples, samplesSkip, unpack } from './samples.fixtures.js';

const skip = samplesSkip;

/**
 * Opens a file with these bytes, which come in pieces; `end` comes behind the last, and its signal
 * says that no more is needed.
 */
async function openGrowing(
  bytes: Buffer,
  scratch: Scratch,
  options: OpenImageOptions = {},
  work: WorkOptions = {},
  end?: (stopped: AbortSignal) => Promise<void>,
): Promise<MemoryImage> {
  const enough = new AbortController();
  const file = path.join(scratch.directory, 'growing');
  const fd = openSync(file, 'w+');
  const pieceBytes = Math.ceil(bytes.length / 7);
  const writing = async (): Promise<void> => {
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      await setTimeout(2);
      writeSync(fd, bytes, at, Math.min(pieceBytes, bytes.length - at));
    }
    await end?.(enough.signal);
  };
  try {
    const stop = (): void => {
      enough.abort();
    };
    return await openImage([{ file: fd, label: 'FILE' }], options, work, {
      ended: writing(),
      stop,
    });
  } finally {
    closeSync(fd);
  }
}

async function contentOf(image: MemoryImage): Promise<unknown> {
  const { blocks, report, problem, format } = image;
  const statistics = [];
  for (const [index, { length }] of blocks.entries()) {
    const counted = await image.statistics(index, true);
    statistics.push([counted, await image.readBytes(index, 0, length)]);
  }
  return { blocks, report, problem, format, statistics };
}

for (const sample of samples) {
  if (sample.files.length !== 1) continue;
  test(`${sample.name}: read while it is written, whole and cut, it gives the same`, async () => {
    using scratch = new Scratch();
    const [file = ''] = unpack(sample, scratch.directory);
    const whole = readFileSync(file);
    for (const bytes of [whole, whole.subarray(0, Math.floor(whole.length * 0.6))]) {
      const cut = path.join(scratch.directory, 'cut');
      const fd = openSync(cut, 'w+');
      writeSync(fd, bytes);
      const options = {
        fileOffset: sample.stream_offset,
        salvage: true,
        temporaryFolder: scratch.directory,
      };
      const read = async (open: Promise<MemoryImage>): Promise<unknown> => {
        try {
          using image = await open;
          return await contentOf(image);
        } catch (error) {
          return String(error);
        }
      };
      const plain = await read(openImage([{ file: fd, label: 'FILE' }], options));
      closeSync(fd);
      assert.deepEqual(await read(openGrowing(bytes, scratch, options)), plain);
    }
  });
}

test('an error of the writer comes before any of reading', { skip }, async () => {
  using scratch = new Scratch();
  const [file = ''] = unpack(sampleNamed('q72-exec-plain'), scratch.directory);
  const bytes = readFileSync(file);
  const fail = async (): Promise<void> => {
    await setTimeout(10);
    throw new Error('the disk is full');
  };
  const broken = Buffer.from(bytes);
  broken.fill(0xee, 300_000, 310_000);
  for (const given of [bytes, bytes.subarray(0, 100_000), broken]) {
    await assert.rejects(openGrowing(given, scratch, {}, {}, fail), /the disk is full/);
  }
});

/** A writer that goes on until it is stopped. */
const untilStopped = async (stopped: AbortSignal): Promise<void> => {
  if (!stopped.aborted) await once(stopped, 'abort');
};

test(
  'a writer is stopped where what it wrote is damaged, and not before',
  { skip, timeout: 60_000 },
  async () => {
    using scratch = new Scratch();
    const [file = ''] = unpack(sampleNamed('q72-exec-plain'), scratch.directory);
    const bytes = readFileSync(file);
    const broken = Buffer.from(bytes);
    broken.fill(0xee, 300_000, 310_000);
    await assert.rejects(
      openGrowing(broken, scratch, {}, {}, untilStopped),
      /is damaged at offset/,
    );
    let wasStopped: boolean | undefined;
    using whole = await openGrowing(bytes, scratch, {}, {}, async (stopped) => {
      await setTimeout(1500);
      wasStopped = stopped.aborted;
    });
    assert.deepEqual([whole.problem, wasStopped], [null, false]);
  },
);

test('opening a file that grows can be cancelled while it waits', { skip }, async () => {
  using scratch = new Scratch();
  const [file = ''] = unpack(sampleNamed('q72-exec-plain'), scratch.directory);
  const bytes = readFileSync(file).subarray(0, 100_000);
  const cancel = new AbortController();
  const stop = async (): Promise<void> => {
    await setTimeout(10);
    cancel.abort();
    throw new Cancelled();
  };
  const opening = openGrowing(bytes, scratch, {}, { signal: cancel.signal }, stop);
  await assert.rejects(opening, Cancelled);
});
