/** The QMP monitor of a QEMU that Drover did not start: asked, and left as it was. */
import { createConnection } from 'node:net';
import { HarnessError } from '../../../model/errors.js';
import { asObject, asString } from '../../../model/json.js';
import type { Json, JsonObject } from '../../../model/json.js';
import type { Side } from '../../../model/outcome.js';
import { QmpClient } from '../../../qmp/client.js';
import { listRamBlocks } from '../../../qemu/ram-blocks.js';
import type { RamBlockPlace } from '../../../qemu/ram-blocks.js';
import { usage } from '../bad-source.js';
import { ownsSocket, requireMapped } from './foreign-process.js';

/** Linux */
const longestSocketPath = 107;
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
  if (file === '' || Buffer.byteLength(file) > longestSocketPath) {
    throw usage(
      `--${side}-monitor '${file}': expected the path of a UNIX socket, at most ${longestSocketPath} bytes long`,
    );
  }
  const socket = createConnection({ path: file });
  let problem: string | undefined;
  socket.on('error', (error) => (problem ??= error.message));
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
      details: [problem ?? (cause instanceof Error ? cause.message : String(cause))],
      cause,
    });
  }
  if (!ownsSocket(pid, file)) {
    close();
    throw usage(
      `${file}: is not a socket of process ${pid}; give the monitor of the QEMU that --${side} names`,
    );
  }
  const connected = qmp.events.cursor;
  const ask = async (command: string, args?: JsonObject): Promise<Json> =>
    await qmp.executeRaw(command, args, { signal });
  return {
    ask,
    close,
    async ramBlocks() {
      const blocks = await listRamBlocks(qmp, signal);
      requireMapped(pid, file, blocks);
      return blocks;
    },
    async requireStopped() {
      const { running, status } = asObject(await ask('query-status'));
      if (running === true) {
        throw refused(`pid:${pid}: the ${side}'s guest is running: stop it first`);
      }
      if (qmp.events.find(({ name }) => name === 'RESUME', connected) !== undefined) {
        throw refused(`pid:${pid}: the ${side}'s guest ran while Drover compared the two sides`);
      }
      // To read a page that has not arrived would wait for it.
      const migration = asString(asObject(await ask('query-migrate'))['status']) ?? 'none';
      const incomplete = status === 'inmigrate' && migration !== 'completed';
      if (incomplete || migration.startsWith('postcopy')) {
        throw refused(
          `pid:${pid}: the migration to the ${side} is not complete (run state ${asString(status) ?? 'unknown'}, migration status ${migration}); the two sides can be compared after 'completed'`,
        );
      }
    },
  };
}

function refused(message: string): HarnessError {
  return new HarnessError({ code: 'guest-running', blame: 'usage', message });
}
