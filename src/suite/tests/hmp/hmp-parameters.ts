/**
 * `migrate_set_parameter` of the human monitor: each parameter takes its value, `info
 * migrate_parameters` shows it, and QMP reports the same; what is no parameter is refused.
 */
import { contractError } from '../../../model/errors.js';
import { asString } from '../../../model/json.js';
import type { Json } from '../../../model/json.js';
import type { TestContext, TestMachine } from '../../../migration/context.js';
import type { FlowResult } from '../../../migration/migration.js';
import { endMachine } from '../../../migration/verify.js';

const mebibyte = 2 ** 20;

interface Case {
  readonly name: string;
  readonly value: string | number | boolean;
  /** QEMU before 11.2 takes a plain number as MiB/s */
  readonly inMebibytes?: true;
  /** what QMP reports, if it is not the value */
  readonly reported?: Json;
}

const cases: readonly Case[] = [
  { name: 'announce-initial', value: 77 },
  { name: 'announce-max', value: 555 },
  { name: 'announce-rounds', value: 6 },
  { name: 'announce-step', value: 101 },
  { name: 'throttle-trigger-threshold', value: 44 },
  { name: 'cpu-throttle-initial', value: 33 },
  { name: 'cpu-throttle-increment', value: 22 },
  { name: 'max-cpu-throttle', value: 55 },
  { name: 'cpu-throttle-tailslow', value: true },
  { name: 'downtime-limit', value: 1234 },
  { name: 'max-bandwidth', value: 9_876_543, inMebibytes: true },
  { name: 'avail-switchover-bandwidth', value: 8_765_432, inMebibytes: true },
  { name: 'max-postcopy-bandwidth', value: 7_654_321 },
  { name: 'multifd-channels', value: 5 },
  { name: 'multifd-compression', value: 'zlib' },
  { name: 'xbzrle-cache-size', value: 4 * mebibyte },
  { name: 'x-checkpoint-delay', value: 300 },
  { name: 'vcpu-dirty-limit', value: 7 },
  { name: 'x-vcpu-dirty-limit-period', value: 900 },
  { name: 'x-rdma-chunk-size', value: 2 * mebibyte },
  { name: 'direct-io', value: true },
  { name: 'mode', value: 'cpr-reboot' },
  { name: 'zero-page-detection', value: 'legacy' },
  { name: 'tls-creds', value: 'credentials' },
  { name: 'tls-hostname', value: 'name.test' },
  { name: 'tls-authz', value: 'authorization' },
  { name: 'cpr-exec-command', value: 'first second', reported: ['first', 'second'] },
];

/** what QEMU must refuse, and with which words; the second alternative came with 11.2 */
const refusals: readonly (readonly [args: string, words: RegExp])[] = [
  ['', /string expected/],
  ['announce-initial', /string expected/],
  ['no-such-parameter 1', /invalid parameter value|unexpected/],
  ['block-bitmap-mapping x', /only be set through QMP/],
];

export async function hmpParameters(context: TestContext): Promise<FlowResult> {
  context.observer.phase('launch');
  const machine = await context.startMachine({
    side: 'source',
    memory: { kind: 'anon' },
    firmware: context.writeGuest(),
    paused: true,
  });
  context.observer.phase('verify');
  let takesBytes = false;
  for (const [args, words] of refusals) {
    const answer = await monitor(machine, `migrate_set_parameter ${args}`);
    if (!words.test(answer)) throw wrong(machine, args, String(words), answer);
    if (answer.includes('unexpected')) takesBytes = true;
  }
  const known = context.plan.sourceFeatures.parameters;
  for (const each of cases.filter(({ name }) => known.includes(name))) {
    await requireSet(machine, each, takesBytes);
  }
  await endMachine(machine);
  return {};
}

async function requireSet(
  machine: TestMachine,
  { name, value, inMebibytes, reported = value }: Case,
  takesBytes: boolean,
): Promise<void> {
  const text = typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value);
  const answer = await monitor(machine, `migrate_set_parameter ${name} ${text}`);
  if (answer !== '') throw wrong(machine, `${name} ${text}`, 'no answer', answer);
  const scaled = inMebibytes === true && !takesBytes;
  const kept = scaled ? Number(value) * mebibyte : reported;
  const { [name]: now } = await machine.qmp.execute('query-migrate-parameters');
  const [seen = 'nothing', wanted = ''] = [now, kept].map((one) => JSON.stringify(one));
  if (seen !== wanted) throw wrong(machine, `${name} ${text}`, `QMP reports ${wanted}`, seen);
  const shown = scaled ? wanted : text;
  const all = await monitor(machine, 'info migrate_parameters');
  const line = all.split('\n').find((one) => one.startsWith(`${name}:`)) ?? '(no such line)';
  // before 11.2 strings of TLS stand in quotes
  const rest = line.slice(name.length + 1).trim();
  if (rest.replaceAll("'", '').startsWith(shown)) return;
  throw wrong(machine, `info migrate_parameters`, `${name}: ${shown}`, line.trim());
}

async function monitor({ qmp }: TestMachine, command: string): Promise<string> {
  const answer = await qmp.executeRaw('human-monitor-command', { 'command-line': command });
  return (asString(answer) ?? '').replaceAll('\r\n', '\n');
}

function wrong({ side }: TestMachine, what: string, waitedFor: string, lastSeen: string): Error {
  return contractError('wrong-monitor', `the human monitor answers wrongly to '${what}'`, {
    side,
    waitedFor,
    lastSeen: lastSeen.trim() === '' ? 'nothing' : lastSeen.trim(),
  });
}
