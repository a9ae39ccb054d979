/** What the human monitor completes after TAB: commands, capabilities and parameters. */
import { contractError } from '../../../model/errors.js';
import { asString } from '../../../model/json.js';
import type { TestContext, TestMachine } from '../../../migration/context.js';
import type { FlowResult } from '../../../migration/migration.js';
import { endMachine } from '../../../migration/verify.js';
import { DeviceSocket } from '../devices/device-socket.js';
import { pollUntil } from '../../../model/deadline.js';

const prompt = '(qemu) ';
/** removes a character; Ctrl-U, which removes all, is not in 7.2 */
const backspace = '\u007f';
/** sequences that move the cursor */
// eslint-disable-next-line no-control-regex -- they begin with Escape
const escapes = /\u001b\[[0-9;]*[A-Za-z]/g;

export async function hmpCompletion(context: TestContext): Promise<FlowResult> {
  context.observer.phase('launch');
  let text = '';
  await using monitor = await DeviceSocket.listen(context.file('monitor'), (bytes) => {
    text += bytes.toString('latin1');
    return bytes.length;
  });
  const machine = await context.startMachine({
    side: 'source',
    memory: { kind: 'anon' },
    firmware: context.writeGuest(),
    paused: true,
    extraArgs: [
      '-chardev',
      `socket,id=monitor,path=${monitor.file}`,
      '-monitor',
      'chardev:monitor',
    ],
  });
  const wait = { timeoutMs: context.deadlines.eventMs, signal: context.signal };
  const until = async (what: string, isThere: (plain: string) => boolean): Promise<string> => {
    const plain = (): string => text.replace(escapes, '');
    const seen = (): string | undefined =>
      isThere(plain()) ? undefined : JSON.stringify(plain().slice(-200));
    await pollUntil({ waitedFor: what, side: 'source', everyMs: 10, ...wait }, seen);
    return plain();
  };
  context.observer.phase('verify');
  await until('the prompt of the monitor', (plain) => plain.endsWith(prompt));
  for (const [typed, expected] of await completions(machine)) {
    text = '';
    await monitor.send(Buffer.from(`${typed}\t`), wait);
    // the list begins on a line of its own; behind it QEMU repeats the prompt and the line
    const shown = await until(
      `the list of completions of '${typed}'`,
      (plain) => plain.includes('\n') && plain.split('\n').at(-1)?.startsWith(prompt) === true,
    );
    const listed = shown.slice(shown.indexOf('\n'), shown.lastIndexOf(prompt)).trim().split(/\s+/);
    const missing = expected.filter((name) => !listed.includes(name));
    const more = listed.filter((name) => !expected.includes(name));
    const isSorted = listed.join() === listed.toSorted().join();
    if (missing.length > 0 || more.length > 0 || !isSorted) {
      throw contractError('wrong-monitor', `the human monitor completes '${typed}' wrongly`, {
        side: 'source',
        waitedFor: expected.join(' '),
        lastSeen: `${listed.join(' ')}${isSorted ? '' : ' (not sorted)'}`,
      });
    }
    const line = shown.slice(shown.lastIndexOf(prompt) + prompt.length);
    await monitor.send(Buffer.from(backspace.repeat(line.length)), wait);
  }
  await endMachine(machine);
  return {};
}

/** What is typed before TAB, and what must be listed, by QEMU's help and its QMP schema. */
async function completions(machine: TestMachine): Promise<[string, readonly string[]][]> {
  const { capabilities, parameters } = machine.context.plan.sourceFeatures;
  const commands = await helped(machine, 'help', /^([a-z_]+)/gm);
  const infos = await helped(machine, 'help info', /^info ([a-z-_]+)/gm);
  const starting = (names: readonly string[], start: string): string[] =>
    names.filter((name) => name.startsWith(start));
  return [
    ['migra', starting(commands, 'migra')],
    ['info migra', starting(infos, 'migra')],
    ['migrate_se', starting(commands, 'migrate_se')],
    ['migrate_set_capability ', capabilities],
    ['migrate_set_parameter ', parameters],
  ];
}

async function helped({ qmp }: TestMachine, command: string, name: RegExp): Promise<string[]> {
  const answer = await qmp.executeRaw('human-monitor-command', { 'command-line': command });
  return [...(asString(answer) ?? '').matchAll(name)].flatMap(([, found]) => found ?? []);
}
