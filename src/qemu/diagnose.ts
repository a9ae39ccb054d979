/**
 * What a machine was doing when a test went wrong: run state and migration by QMP, if it
 * still answers, and every thread with its state and kernel wait channel by /proc.
 */
import { describeEvent } from '../qmp/events.js';
import type { Machine } from './machine.js';
import { describeThreads } from './proc-stat.js';
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
    ...describeThreads(process.pid),
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
