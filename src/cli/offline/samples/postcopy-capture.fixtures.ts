/**
 * A migration that goes into postcopy, from a running guest to a second QEMU, through a relay that
 * keeps what the source sends.
 */
import { createWriteStream } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { setCapability, migrate, migrateIncoming } from '../../../migration/commands.js';
import { waitStatus } from '../../../migration/waits.js';
import { HarnessError } from '../../../model/errors.js';
import { loadAddon } from '../../../native/addon.js';
import type { Machine } from '../../../qemu/machine.js';
import { resumeHeld, sendAgain } from './captures.fixtures.js';
import type { Stage } from './captures.fixtures.js';

/**
 * Passes each connection on to another socket, both ways, and writes what comes from the caller to
 * a file.
 */
class CaptureRelay implements AsyncDisposable {
  readonly files: string[] = [];
  readonly #server: Server;
  readonly #sockets: Socket[] = [];
  readonly #ended: Promise<void>[] = [];

  private constructor(
    readonly path: string,
    target: string,
    stem: string,
  ) {
    this.#server = createServer((caller) => {
      const callee = createConnection(target);
      const file = `${stem}.${this.files.length}`;
      const out = createWriteStream(file, { mode: 0o600 });
      this.files.push(file);
      this.#sockets.push(caller, callee);
      caller.pipe(out);
      caller.pipe(callee).pipe(caller);
      // Either side may be ended hard: the file then holds what came before.
      for (const socket of [caller, callee]) {
        socket.on('error', () => {
          out.end();
        });
      }
      this.#ended.push(finished(out));
    });
    this.#server.listen(path);
  }

  static async listen(path: string, target: string, stem: string): Promise<CaptureRelay> {
    const relay = new CaptureRelay(path, target, stem);
    await once(relay.#server, 'listening');
    return relay;
  }

  /** the files, once all callers have closed */
  async whole(): Promise<readonly string[]> {
    await Promise.all(this.#ended);
    return this.files;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await Promise.allSettled(this.#ended);
  }
}

/** Why postcopy cannot be had here; undefined when it can. */
async function obstacle(machines: readonly Machine[]): Promise<string | undefined> {
  const { available, reason } = await loadAddon().probeUserfaultfd().promise;
  if (!available) return `no userfaultfd: ${reason}`;
  try {
    for (const machine of machines) await setCapability(machine, 'postcopy-ram');
    return undefined;
  } catch (error) {
    if (error instanceof HarnessError) return error.message;
    throw error;
  }
}

/**
 * The source's memory stays what it was at the switch; the guest goes on at the destination. Gives
 * the source's bytes, or a reason why there are none.
 */
export async function capturePostcopy(
  stage: Stage,
): Promise<{ files: readonly string[] } | { skip: string }> {
  const { context, machine } = stage;
  const destination = await context.startMachine({
    side: 'destination',
    tag: '-peer',
    memory: { kind: 'anon' },
    firmware: context.file('guest.bin'),
    incoming: 'defer',
  });
  await setCapability(destination, 'events');
  const skip = await obstacle([destination, machine]);
  if (skip !== undefined) return { skip };
  const listen = context.file('peer');
  await migrateIncoming(destination, { uri: `unix:${listen}` });
  await using relay = await CaptureRelay.listen(context.file('relay'), listen, context.file('pc'));
  await resumeHeld(stage);
  const since = await migrate(machine, { uri: `unix:${relay.path}` });
  // Pages that were sent and are dirty again at the switch: the stream must take them back.
  await sendAgain(stage, since);
  await machine.qmp.execute('migrate-start-postcopy');
  await waitStatus(machine, { goal: 'postcopy-active', since });
  await waitStatus(machine, { goal: 'completed', since });
  return { files: await relay.whole() };
}
