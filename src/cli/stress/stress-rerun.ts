/**
 * The command line that runs a stress run again, with all that it was started with and found out.
 */
import { shellQuote } from '../../model/shell.js';
import type { PairPlan } from '../../migration/plan.js';
import type { StressOptions } from './stress-options.js';

export function stressCommandLine(options: StressOptions, plan: PairPlan): string {
  const { transport, channels } = options.transport;
  const { source, destination, machine, accel } = plan;
  const sides =
    source.command === destination.command
      ? ['--qemu', source.command]
      : ['--qemu-src', source.command, '--qemu-dst', destination.command];
  const words = [
    'drover',
    'stress',
    ...sides,
    ...['--machine', machine, '--accel', accel],
    ...['--memory', String(options.memory), '--writers', String(options.writers)],
    ...['--stamp', options.stamp, '--step', String(options.step)],
    ...(options.pace === undefined ? [] : ['--pace', `${options.pace}pages/s`]),
    ...['--backend', options.backend],
    ...['--transport', channels === undefined ? transport.name : `${transport.name}:${channels}`],
    ...(options.tls === undefined ? [] : ['--tls', options.tls]),
    ...options.capability.flatMap((name) => ['--capability', name]),
    ...(options.duration === undefined ? [] : ['--duration', `${options.duration / 1000}s`]),
    ...(options.rounds === undefined ? [] : ['--rounds', String(options.rounds)]),
    ...(options.pingPong === true ? ['--ping-pong'] : []),
    ...['--downtime-limit', String(options.downtimeLimit)],
    ...['--patience', `${options.patience / 1000}s`],
    ...options.set.flatMap(([name, value]) => ['--set', `${name}=${String(value)}`]),
    ...freezeWords(options),
    ...(options.keepGoing === true ? ['--keep-going'] : []),
  ];
  return words.map(shellQuote).join(' ');
}

function freezeWords({ freeze }: StressOptions): string[] {
  if (freeze === undefined) return [];
  const where = freeze.sides.length > 1 ? 'both' : freeze.sides.join('');
  return ['--freeze', `${where}:${freeze.ms}ms`];
}
