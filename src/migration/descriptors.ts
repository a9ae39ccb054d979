/**
 * Descriptors that Drover passes to QEMU: by name (getfd) or in an fdset (add-fd). Drover closes
 * its copy.
 */
import { closeSync, fstatSync, openSync, writeSync } from 'node:fs';
import { contractError } from '../model/errors.js';
import { pause } from '../model/deadline.js';
import { asArray } from '../model/json.js';
import { loadAddon } from '../native/addon.js';
import { QmpCommandError } from '../qmp/client.js';
import type { Machine } from '../qemu/machine.js';
import { soon } from './deadlines.js';
import { openFiles } from '../qemu/open-files.js';
import type { TestMachine } from './context.js';

/** Opens a file, passes the descriptor on with `hand`, and closes it here, also after an error. */
async function handOver(
  file: string,
  flags: number,
  hand: (fd: number) => Promise<unknown>,
): Promise<void> {
  const fd = openSync(file, flags, 0o660);
  try {
    await hand(fd);
  } finally {
    closeSync(fd);
  }
}

/** Gives QEMU a descriptor of `file` under a name. */
export async function nameFile(
  machine: Machine,
  name: string,
  file: string,
  flags: number,
): Promise<void> {
  await handOver(file, flags, async (fd) =>
    machine.qmp.execute('getfd', { fdname: name }, { fds: [fd] }),
  );
}

/** Adds a descriptor of `file` to an fdset. */
export async function addToSet(
  machine: Machine,
  set: number,
  file: string,
  flags: number,
): Promise<void> {
  await handOver(file, flags, async (fd) =>
    machine.qmp.execute('add-fd', { 'fdset-id': set }, { fds: [fd] }),
  );
}

/**
 * A connected pair of UNIX stream sockets, one end for each machine; `give` passes an end to its
 * machine, under a name.
 */
export class SocketPair implements Disposable {
  readonly #ends = loadAddon().socketPair();
  readonly #open = new Set(this.#ends);

  async give(machine: Machine, name: string, end: 0 | 1): Promise<void> {
    const fd = this.#ends[end];
    await machine.qmp.execute('getfd', { fdname: name }, { fds: [fd] });
    this.close(end);
  }

  /** Like `give`, but the end stays open here as well. */
  async lend(machine: Machine, name: string, end: 0 | 1): Promise<void> {
    await machine.qmp.execute('getfd', { fdname: name }, { fds: [this.#ends[end]] });
  }

  /** what /proc calls an end, as long as it is open */
  name(end: 0 | 1): string {
    return `socket:[${fstatSync(this.#ends[end]).ino}]`;
  }

  write(end: 0 | 1, data: Buffer): void {
    writeSync(this.#ends[end], data);
  }

  close(end: 0 | 1): void {
    const fd = this.#ends[end];
    if (this.#open.delete(fd)) loadAddon().closeFd(fd);
  }

  [Symbol.dispose](): void {
    this.close(0);
    this.close(1);
  }
}

/**
 * QEMU must not know a name any more after migration used its descriptor: it refuses to close it.
 */
export async function requireNameGone(machine: Machine, name: string): Promise<void> {
  const expected = `File descriptor named '${name}' not found`;
  try {
    await machine.qmp.execute('closefd', { fdname: name });
  } catch (error) {
    if (error instanceof QmpCommandError && error.desc === expected) return;
    throw error;
  }
  throw contractError(
    'descriptor-left',
    `the ${machine.side} still has descriptor '${name}' after the migration that should have used it up`,
    { side: machine.side, waitedFor: expected },
  );
}

const mostCloseMs = 3000;

/**
 * QEMU must have closed what migration used, under whatever number. It may do so right after the
 * migration has completed.
 */
export async function requireClosed(machine: TestMachine, file: string): Promise<void> {
  const { signal } = machine.context;
  const endMs = performance.now() + soon(mostCloseMs, machine.context);
  while (openFiles(machine.pid).includes(file)) {
    if (performance.now() > endMs) {
      throw contractError(
        'descriptor-left',
        `the ${machine.side} still has the descriptor of its migration open after that has completed`,
        { side: machine.side, lastSeen: file },
      );
    }
    await pause(20, signal);
  }
}

/** Removes an fdset; QEMU must have no other. */
export async function requireSetsGone(machine: Machine, set: number): Promise<void> {
  await machine.qmp.execute('remove-fd', { 'fdset-id': set });
  const left = asArray(await machine.qmp.executeRaw('query-fdsets'));
  if (left.length === 0) return;
  throw contractError(
    'descriptor-left',
    `the ${machine.side} still has descriptor sets after set ${set} was removed`,
    { side: machine.side, lastSeen: JSON.stringify(left) },
  );
}
