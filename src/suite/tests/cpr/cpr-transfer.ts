/**
 * CPR by transfer: a new QEMU takes over the old one's memory in place, as descriptors over the CPR
 * channel; the rest of the state goes over the main channel. The destination reads the CPR channel
 * first, so it answers QMP only after the source got `migrate`.
 */
import { readFileSync } from 'node:fs';
import { escapeValue } from '../../../model/command-line.js';
import { pollUntil } from '../../../model/deadline.js';
import type { JsonObject } from '../../../model/json.js';
import { setCapability, setParameters } from '../../../migration/commands.js';
import type { TestContext, TestMachine } from '../../../migration/context.js';
import { Pair } from '../../../migration/pair.js';
import { requireLittleSent } from '../file/ignore-shared.js';
import { prepareStopped, waitGuest } from '../../../migration/steps.js';
import type { FlowResult } from '../../../migration/migration.js';

export interface TransferCommon {
  /** the destination gets the address of the main channel by QMP, not on its command line */
  readonly defer: boolean;
}

/** memory that another process can map, and no device whose memory it could not map */
export const preservedArgs = ['-machine', 'aux-ram-share=on', '-nodefaults'] as const;

const socketChannel = (type: 'main' | 'cpr', path: string): JsonObject => ({
  'channel-type': type,
  addr: { transport: 'socket', type: 'unix', path },
});

export async function cprTransfer(
  context: TestContext,
  { defer }: TransferCommon,
): Promise<FlowResult> {
  const main = context.file('migsocket');
  const cpr = context.file('cpr.sock');
  context.observer.phase('launch');
  const common = { memory: { kind: 'memfd' }, firmware: context.writeGuest() } as const;
  const [source, { machine: destination, connect }] = await Promise.all([
    context.startMachine({ ...common, side: 'source', extraArgs: preservedArgs }),
    context.launchMachine({
      ...common,
      side: 'destination',
      incoming: defer ? 'defer' : `unix:${main}`,
      extraArgs: [
        ...preservedArgs,
        ...['-global', 'migration.x-events=on'],
        ...['-incoming', `cpr,addr.transport=socket,addr.type=unix,addr.path=${escapeValue(cpr)}`],
      ],
    }),
  ]);
  const pair = new Pair(context, { listen: 'defer' }, source, destination);
  await setCapability(source, 'events');
  await setParameters(source, { mode: 'cpr-transfer' });

  context.observer.phase('warm-up');
  await waitGuest(pair);
  await prepareStopped(pair);
  await waitListener(destination, cpr);

  context.observer.phase('migrate');
  const migration = await pair.migrate({
    channels: [socketChannel('main', main), socketChannel('cpr', cpr)],
  });
  await connect();
  if (defer) {
    await setCapability(destination, 'events');
    await pair.listen({ channels: [socketChannel('main', main)] });
  }
  await migration.until('completed');
  // It may have completed before Drover could read its events.
  const { status } = await destination.qmp.execute('query-migrate');
  if (status !== 'completed') await migration.until('completed', { side: 'destination' });
  await migration.compareAndContinue();
  requireLittleSent(migration.figures);
  return await migration.arrive();
}

/** A socket has its file before it listens; until then it refuses connections. */
function isListening(socket: string): boolean {
  // address, references, protocol, flags (with __SO_ACCEPTCON where it listens), type, state,
  // inode, path
  return readFileSync('/proc/net/unix', 'utf8')
    .split('\n')
    .some((line) => line.endsWith(` ${socket}`) && line.split(/\s+/)[3] === '00010000');
}

/** The destination makes its socket itself: the source must not connect before it listens. */
async function waitListener(destination: TestMachine, socket: string): Promise<void> {
  const { deadlines, signal } = destination.context;
  await pollUntil(
    {
      waitedFor: `the destination's CPR listener at ${socket}`,
      side: 'destination',
      ...{ timeoutMs: deadlines.launchMs, everyMs: 5, signal },
    },
    () => {
      if (isListening(socket)) return undefined;
      if (destination.process.status === undefined) return 'nobody listens there';
      throw destination.process.gone(new Error(`no listener at ${socket}`));
    },
  );
}
