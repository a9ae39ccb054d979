/** The QMP monitor of a QEMU that Drover did not start: asked, and left as it was. */
import { readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { HarnessError } from '../../../model/errors.js';
import { asObject, asString } from '../../../model/json.js';
import type { Json, JsonObject } from '../../../model/json.js';
import type { Side } from '../../../model/outcome.js';
import { readMaps } from '../../../memory/process-maps.js';
import { QmpClient } from '../../../qmp/client.js';
import { listRamBlocks } from '../../../qemu/ram-blocks.js';
import type { RamBlockPlace } from '../../../qemu/ram-blocks.js';

const greetingMs = 5000;
/** a save of device state takes milliseconds, also on a busy host */
const commandMs = 60_000;

export interface ForeignMonitor {
  ask(command: string, args?: JsonObject): Promise<Json>;
  ramBlocks(): Promise<RamBlockPlace[]>;
  requireStopped(): Promise<void>;
  close(): void;
}

interface MonitorOf {
  readonly pid: number;
  readonly side: Side;
  readonly signal: AbortSignal;
}

/** @param file a UNIX socket; no one else may be connected to it */
export async function connectMonitor(
  file: string,
  { pid, side, signal }: MonitorOf,
): Promise<ForeignMonitor> {
  const socket = createConnection(file);
  const qmp = new QmpClient({ socket, side, commandMs });
  const close = (): void => {
    socket.destroy();
  };
  try {
    await qmp.handshake({ timeoutMs: greetingMs, signal });
  } catch (cause) {
    close();
    signal.throwIfAborted();
    throw new HarnessError({
      code: 'no-monitor',
      blame: 'usage',
      message: `${file}: no QMP monitor answers; give the UNIX socket of a -qmp option that nothing else is connected to`,
      details: [cause instanceof Error ? cause.message : String(cause)],
      cause,
    });
  }
  const ask = async (command: string, args?: JsonObject): Promise<Json> =>
    await qmp.executeRaw(command, args, { signal });
  return {
    ask,
    close,
    async ramBlocks() {
      const blocks = await listRamBlocks(qmp, signal);
      requireOneProcess(file, pid, blocks);
      return blocks;
    },
    async requireStopped() {
      const { running, status } = asObject(await ask('query-status'));
      if (running === true) {
        throw refused(`pid:${pid}: the ${side}'s guest is running: stop it first`);
      }
      // A page that has not arrived would be asked for, and has nobody to be sent by.
      const migration = asString(asObject(await ask('query-migrate'))['status']) ?? 'none';
      const incomplete = status === 'inmigrate' && migration !== 'completed';
      if (incomplete || migration.startsWith('postcopy')) {
        throw refused(
          `pid:${pid}: the migration to the ${side} is not complete (run state ${asString(status) ?? 'unknown'}, migration status ${migration}): wait until it is`,
        );
      }
    },
  };
}

function refused(message: string): HarnessError {
  return new HarnessError({ code: 'guest-running', blame: 'usage', message });
}

/** A wrong pair of process and monitor would compare memory that has nothing to do with blocks. */
function requireOneProcess(file: string, pid: number, blocks: readonly RamBlockPlace[]): void {
  const maps = readMaps(readFileSync(`/proc/${pid}/maps`, 'utf8'));
  const stray = blocks.find(
    ({ hostAddress: at }) =>
      at !== undefined &&
      !maps.some(({ start, sizeBytes }) => start <= at && at < start + BigInt(sizeBytes)),
  );
  if (stray === undefined) return;
  throw new HarnessError({
    code: 'bad-source',
    blame: 'usage',
    message: `${file}: is not the monitor of process ${pid}, which has no memory where its block ${stray.name} is said to lie`,
  });
}
