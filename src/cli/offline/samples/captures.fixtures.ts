/** Makes migration files and dumps with a real QEMU, and the content that they must have. */
import { createWriteStream, openSync, readSync, closeSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { contextFor, planFor, stoppedMachine } from '../../../migration/context.fixtures.js';
import { migrate, setCapability, setParameters } from '../../../migration/commands.js';
import type { TestContext, TestMachine } from '../../../migration/context.js';
import { convergingRate } from '../../../migration/pair.js';
import { trickleRate, waitDirtyTracking } from '../../../migration/tracking.js';
import { waitEvent, waitStatus } from '../../../migration/waits.js';
import type { MemoryBackend } from '../../../model/command-line.js';
import type { MemoryImage } from '../../../memory/image.js';
import type { EventCursor } from '../../../qmp/events.js';
import { Scratch } from '../../../model/scratch.fixtures.js';
import type { RealQemu } from '../../../qemu/qemus.fixtures.js';
import { hex } from '../../../model/text/format.js';

export interface Stage {
  readonly scratch: Scratch;
  readonly context: TestContext;
  readonly machine: TestMachine;
}

/** A guest that has counted for a while and is stopped. */
export async function withStoppedGuest(
  qemu: RealQemu,
  memory: MemoryBackend,
  body: (stage: Stage) => Promise<void>,
): Promise<void> {
  using scratch = new Scratch();
  const plan = await planFor(qemu, scratch.directory);
  await using context = contextFor(plan, scratch.directory);
  const machine = await stoppedMachine(context, memory);
  await setCapability(machine, 'events');
  await body({ scratch, context, machine });
}

/** All of guest memory as QEMU itself reads it; the guest must be stopped. */
export async function saveMemory({ context, machine }: Stage, name: string): Promise<string> {
  const filename = context.file(name);
  const size = context.platform.ramBytes;
  await machine.qmp.execute('pmemsave', { val: 0, size, filename }, { timeoutMs: 60_000 });
  return filename;
}

/** A complete migration without a destination; the guest is stopped at its end in any case. */
export async function migrateTo(
  { machine }: Stage,
  uri: string,
  during: (since: EventCursor) => Promise<void> = async () => undefined,
): Promise<void> {
  const since = await migrate(machine, { uri });
  await during(since);
  await waitStatus(machine, { goal: 'completed', since });
}

/** The guest runs again; sends so slowly that nothing ends before `sendAgain` says so. */
export async function resumeHeld({ machine }: Stage): Promise<void> {
  await setParameters(machine, trickleRate);
  const since = machine.qmp.events.cursor;
  await machine.qmp.execute('cont');
  await waitEvent(machine, 'RESUME', since);
}

/**
 * Lets memory be sent three times, where that can be, once QEMU is sure to notice what the guest
 * writes. Then holds the migration until the guest has flushed its TLB and gone round again: QEMU
 * 7.2 misses writes to pages that it sent after a bitmap sync until then (see tracking.ts), and
 * these tests are about what was sent, not about that.
 */
export async function sendAgain({ context, machine }: Stage, since: EventCursor): Promise<void> {
  await waitStatus(machine, { goal: 'active', since });
  await waitDirtyTracking({ context, source: machine, settings: {} });
  await setParameters(machine, { 'max-bandwidth': 200_000_000, 'downtime-limit': 1 });
  // Pages that compress well may all fit into a millisecond: then it has ended before.
  const { name: seen } = await machine.qmp.events.wait(
    ({ name, data }) =>
      (name === 'MIGRATION_PASS' && Number(data['pass']) >= 3) ||
      (name === 'MIGRATION' && data['status'] === 'completed'),
    { what: 'third MIGRATION_PASS', since, timeoutMs: 60_000, signal: context.signal },
  );
  if (seen === 'MIGRATION') return;
  await setParameters(machine, trickleRate);
  await waitDirtyTracking({ context, source: machine, settings: {} });
}

/**
 * Sends the memory of a running guest three times, where that can be, and the rest once the guest
 * is stopped.
 */
export async function migrateLive(stage: Stage, uri: string): Promise<void> {
  await resumeHeld(stage);
  await migrateTo(stage, uri, async (since) => {
    await sendAgain(stage, since);
    await stage.machine.qmp.execute('stop');
    await setParameters(stage.machine, convergingRate);
  });
}

/**
 * Listens on a UNIX socket and writes each connection to a file of its own, in the order they come.
 */
export class CaptureSink implements AsyncDisposable {
  readonly uri: string;
  readonly #files: string[] = [];
  readonly #ended: Promise<void>[] = [];
  readonly #server: Server;

  private constructor(path: string, stem: string) {
    this.uri = `unix:${path}`;
    this.#server = createServer((socket) => {
      const file = `${stem}.${this.#files.length}`;
      this.#files.push(file);
      const out = createWriteStream(file, { mode: 0o600 });
      socket.pipe(out);
      this.#ended.push(finished(out));
    });
    this.#server.listen(path);
  }

  static async listen(path: string, stem: string): Promise<CaptureSink> {
    const sink = new CaptureSink(path, stem);
    await once(sink.#server, 'listening');
    return sink;
  }

  /** the captured files, once the sender has closed all its connections */
  async files(): Promise<string[]> {
    await Promise.all(this.#ended);
    return this.#files;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    await Promise.allSettled(this.#ended);
  }
}

const pieceBytes = 4 * 1024 ** 2;
const pageBytes = 4096;
/** A PC shows VGA and ROM here instead of the RAM behind, and pmemsave sees what the guest sees. */
const shadowed = { start: 0xa0000, end: 0x100000 };

/**
 * Pages of an image that are not what a memory dump from address 0 on has there; and how many were
 * compared.
 */
export async function compareWithDump(
  image: MemoryImage,
  dump: string,
  dumpBytes: number,
): Promise<{ compared: number; different: string[] }> {
  const different: string[] = [];
  let compared = 0;
  const fd = openSync(dump, 'r');
  try {
    for (const [index, block] of image.blocks.entries()) {
      for (const { address, blockOffset, length } of block.places) {
        const end = Math.min(address + length, dumpBytes);
        for (let at = address; at < end; at += pieceBytes) {
          const size = Math.min(pieceBytes, end - at);
          const ours = await image.readBytes(index, blockOffset + at - address, size);
          const theirs = Buffer.alloc(size);
          readSync(fd, theirs, 0, size, at);
          for (let page = 0; page < size; page += pageBytes) {
            const where = at + page;
            const isShadowed = where >= shadowed.start && where < shadowed.end;
            if (isShadowed && image.format === 'stream') continue;
            compared += 1;
            const same = ours.compare(theirs, page, page + pageBytes, page, page + pageBytes) === 0;
            if (!same) different.push(`${block.name} ${hex(where)}`);
          }
        }
      }
    }
  } finally {
    closeSync(fd);
  }
  return { compared, different };
}
