/**
 * CPR by exec: QEMU writes its state to a file and replaces itself by another QEMU, in the same
 * process, with the guest's memory in place. There is no second machine: the new program inherits
 * the connections and greets on them again.
 */
import { statSync } from 'node:fs';
import type { Json } from '../../../model/json.js';
import { asString } from '../../../model/json.js';
import { machineArgs } from '../../../model/command-line.js';
import { migrate, setCapability } from '../../../migration/commands.js';
import type { TestContext, TestMachine } from '../../../migration/context.js';
import { preservedArgs } from './cpr-transfer.js';
import { requireLittleSent } from '../file/ignore-shared.js';
import type { FlowResult } from '../../../migration/migration.js';
import {
  endMachine,
  requireRunning,
  requireStarts,
  verifyMemory,
} from '../../../migration/verify.js';
import { waitEvent, waitSerial, wrongStatus } from '../../../migration/waits.js';

export async function cprExec(context: TestContext): Promise<FlowResult> {
  const { deadlines, signal } = context;
  context.observer.phase('launch');
  const machine = await context.startMachine({
    side: 'source',
    memory: { kind: 'memfd' },
    firmware: context.writeGuest(),
    extraArgs: preservedArgs,
  });
  const { qmp, serial } = machine;
  await setCapability(machine, 'events');
  await qmp.execute('migrate-set-parameters', {
    mode: 'cpr-exec',
    'cpr-exec-command': successor(machine),
  });

  context.observer.phase('warm-up');
  await waitSerial(machine);

  context.observer.phase('migrate');
  const file = context.file('migfile');
  await machine.expectSuccessor();
  const since = await migrate(machine, { uri: `file:${file}` });
  await waitWritten(machine, since);
  requireLittleSent({ transferredBytes: statSync(file).size });
  await qmp.handshake({ timeoutMs: deadlines.launchMs, signal });
  const arrived = qmp.events.cursor;
  await qmp.execute('migrate-incoming', { channels: fileChannel(file) });
  // The guest ran before, so QEMU starts it by itself.
  await waitEvent(machine, 'RESUME', arrived);
  await requireRunning(machine, true);
  await waitSerial(machine, serial.length);

  context.observer.phase('verify');
  const verdict = await verifyMemory(machine);
  if (verdict.intact) requireStarts(machine, 1);
  await endMachine(machine);
  return { verdict };
}

/** The destination's binary with the source's arguments and `-incoming defer`. */
function successor({ context, spec }: TestMachine): string[] {
  const script = `exec ${context.plan.destination.command} "$@"`;
  return ['/bin/sh', '-c', script, 'drover', '-incoming', 'defer', ...machineArgs(spec)];
}

const fileChannel = (filename: string): Json => [
  { 'channel-type': 'main', addr: { transport: 'file', filename, offset: 0 } },
];

/**
 * Waits until the source has written its state; after that it becomes the other program and answers
 * no command.
 */
async function waitWritten(machine: TestMachine, since: number): Promise<void> {
  const { deadlines, signal } = machine.context;
  const ends = ['completed', 'failed'];
  const { data } = await machine.qmp.events.wait(
    (event) => event.name === 'MIGRATION' && ends.includes(asString(event.data['status']) ?? ''),
    { what: 'migration status completed', since, timeoutMs: deadlines.statusMs, signal },
  );
  if (data['status'] === 'completed') return;
  throw await wrongStatus(machine, 'completed', ['failed']);
}
