/** The command that runs one test of a run again, to be pasted into a shell. */
import type { RunStarted } from '../../model/events.js';
import { shellQuote } from '../../model/shell.js';

export function rerunCommand(
  test: string,
  run?: Pick<
    RunStarted,
    'source' | 'destination' | 'route' | 'machine' | 'accel' | 'arrival' | 'testFiles' | 'stress'
  >,
): string {
  if (run?.stress !== undefined) return run.stress.rerun;
  const words = ['drover', run?.route === undefined ? 'run' : 'chain', '-p', test];
  if (run !== undefined) {
    const file = run.testFiles?.[test];
    if (file !== undefined) words.push('--tests', file);
    const source = run.source.command;
    const destination = run.destination.command;
    if (run.route !== undefined) {
      for (const { command } of run.route) words.push('--qemu', command);
    } else if (source === destination) words.push('--qemu', source);
    else words.push('--qemu-src', source, '--qemu-dst', destination);
    words.push('--machine', run.machine, '--accel', run.accel);
    if (run.arrival !== undefined) words.push('--arrival', run.arrival);
  }
  words.push('--keep');
  return words.map(shellQuote).join(' ');
}
