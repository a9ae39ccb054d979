/**
 * What a machine was doing when a test went wrong: run state and migration as QMP tells them, if it
 * still answers, and every thread with its state and kernel wait channel, which /proc always tells.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { describeEvent } from '../qmp/events.js';
import type { Machine } from './machine.js';
import { describeExit } from './spawn.js';

/** a hung QEMU answers nothing: ask briefly */
const askMs = 1000;

export async function diagnose(machine: Machine): Promise<string[]> {
  const { process } = machine;
  const head = `== ${machine.side} (process ${process.pid})`;
  const events = machine.qmp.events.all.slice(-12).map(describeEvent).join(', ');
  const common = [`events: ${events === '' ? 'none' : events}`, ...output(machine)];
  if (process.status !== undefined) return [head, describeExit(process.status), ...common];
  const [status, migration] = await Promise.all([
    ask(machine, 'query-status'),
    ask(machine, 'query-migrate'),
  ]);
  return [
    head,
    `query-status: ${status}`,
    `query-migrate: ${migration}`,
    ...common,
    ...threads(process.pid),
  ];
}

async function ask(machine: Machine, command: string): Promise<string> {
  try {
    return JSON.stringify(await machine.qmp.execute(command, undefined, { timeoutMs: askMs }));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function output(machine: Machine): string[] {
  return machine.process.outputTail().map((line) => `stderr: ${line}`);
}

function threads(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map((tid) => {
      const folder = `/proc/${pid}/task/${tid}`;
      const name = read(`${folder}/comm`);
      const state = /^State:\s+(.*)$/m.exec(read(`${folder}/status`))?.[1] ?? 'unknown';
      const wchan = read(`${folder}/wchan`);
      return `thread ${tid} ${name}: ${state}${wchan === '' || wchan === '0' ? '' : `, waits in ${wchan}`}`;
    });
  } catch {
    return ['threads: the process is gone'];
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}
