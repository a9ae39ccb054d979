/**
 * Writes registers of a stopped guest through QEMU's gdb stub: as a migration would that lost them.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { TestMachine } from './context.js';

/**
 * Numbers of registers in gdb's protocol for x86_64. QEMU takes st0 to st7 as the physical
 * registers; the guest's stack has three values, so the one on top is st5 here.
 */
export const gdbRegisters = { r8: 8, st0: 33, st5: 38, xmm0: 49 } as const;

/** The connection stays open until the machine ends: to leave would let the guest run. */
export async function writeRegister(
  machine: TestMachine,
  register: keyof typeof gdbRegisters,
  value: Buffer,
): Promise<void> {
  const { qmp, context, name } = machine;
  const path = context.file(`${name}.gdb`);
  const command = { 'command-line': `gdbserver unix:${path},server=on,wait=off` };
  await qmp.executeRaw('human-monitor-command', command);
  const socket = connect(path);
  await once(socket, 'connect');
  // When the machine ends, its end of the connection may be reset.
  socket.on('error', () => undefined);
  await ask(socket, '?');
  // QEMU 7.2 writes single registers only for a debugger that has read their description.
  await ask(socket, 'qXfer:features:read:target.xml:0,10');
  const answer = await ask(
    socket,
    `P${gdbRegisters[register].toString(16)}=${value.toString('hex')}`,
  );
  if (answer !== 'OK') throw new Error(`the gdb stub answered '${answer}' for ${register}`);
}

async function ask(socket: Socket, packet: string): Promise<string> {
  const sum = [...Buffer.from(packet)].reduce((total, byte) => (total + byte) % 256, 0);
  socket.write(`$${packet}#${sum.toString(16).padStart(2, '0')}`);
  let text = '';
  for await (const [chunk] of chunks(socket)) {
    text += chunk.toString('latin1');
    const found = /\$([^#]*)#../.exec(text);
    if (found === null) continue;
    socket.write('+');
    return found[1] ?? '';
  }
  throw new Error('the gdb stub closed its connection');
}

async function* chunks(socket: Socket): AsyncGenerator<[Buffer]> {
  for (;;) yield (await once(socket, 'data', { signal: AbortSignal.timeout(20_000) })) as [Buffer];
}
