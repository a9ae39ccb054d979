/**
 * The names and sizes of the fields of a machine's device state. `xen-save-devices-state` does not
 * write them, a migration does: a machine that is started for this alone, and never runs, migrates
 * to a file.
 */
import { existsSync } from 'node:fs';
import { pollUntil } from '../../model/deadline.js';
import { shellQuote } from '../../model/shell.js';
import { openImage } from '../../memory/image.js';
import { readDescription } from '../../memory/device-states.js';
import type { Description } from '../../memory/device-states.js';
import { migrate, setCapability } from '../commands.js';
import type { MachineOptions, TestContext, TestMachine } from '../context.js';
import { waitStatus } from '../waits.js';

/** of this thread's earlier tests, by all that decides what devices a machine has */
const known = new Map<string, Description>();

/** Options whose values are sockets, files or channels that a second machine must not have. */
const notTwice = ['-incoming', '-netdev', '-chardev', '-drive', '-blockdev'];
/** values of these that lead nowhere */
const leadsNowhere = /^(?:hubport,|null,|driver=null-co,)/;
/** Files, and what takes their place: a device does not know what its disk or channel is. */
const places: readonly (readonly [RegExp, string])[] = [
  [/^file,(id=[^,]+),path=.*$/, 'null,$1'],
  [
    /^raw,(node-name=[^,]+),file\.driver=file,.*$/,
    'driver=null-co,$1,size=16777216,read-zeroes=on',
  ],
];

function withoutFiles(args: readonly string[]): string[] {
  return args.map((word, index) =>
    notTwice.includes(args[index - 1] ?? '')
      ? places.reduce((value, [file, nowhere]) => value.replace(file, nowhere), word)
      : word,
  );
}

/**
 * @returns why there is none, where that fails: the comparison then names bytes instead of fields
 */
export async function describeDevices({
  context,
  spec,
  side,
  binary,
}: TestMachine): Promise<Description> {
  const { machine, accel, accelOptions, processors, ramBytes, firmware } = spec;
  const extraArgs = withoutFiles(spec.extraArgs ?? []);
  const argument = extraArgs.find(
    (word, index) => notTwice.includes(word) && !leadsNowhere.test(extraArgs[index + 1] ?? ''),
  );
  if (argument !== undefined) return { problem: `a second machine cannot have ${argument}` };
  const about = [binary.command, machine, accel, accelOptions, processors, ramBytes, extraArgs];
  const key = JSON.stringify(about);
  const before = known.get(key);
  if (before !== undefined) return before;
  const options: MachineOptions = {
    ...{ side, binary, accel, accelOptions, ramBytes, firmware, extraArgs },
    tag: '-described',
    memory: { kind: 'anon' },
    paused: true,
  };
  try {
    const found = await describe(context, options);
    if (!('problem' in found)) known.set(key, found);
    return found;
  } catch (error) {
    if (context.signal.aborted) throw error;
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

async function describe(context: TestContext, options: MachineOptions): Promise<Description> {
  const { machine, connect } = await context.launchMachine(options);
  try {
    await connect();
    await setCapability(machine, 'events');
    const file = context.file(`${machine.name}.mig`);
    const [part, whole] = [`${file}.part`, file].map(shellQuote);
    const uri = `exec:cat > ${part ?? ''} && mv ${part ?? ''} ${whole ?? ''}`;
    const since = await migrate(machine, { uri });
    await waitStatus(machine, { goal: 'completed', since });
    // QEMU has completed when the pipe has all of it; the file is there a moment later.
    const { deadlines, signal } = context;
    const wait = { waitedFor: `file ${file}`, timeoutMs: deadlines.eventMs, everyMs: 5, signal };
    await pollUntil(wait, () => (existsSync(file) ? undefined : 'no such file'));
    using image = await openImage([file], { format: 'stream' }, { signal: context.signal });
    return await readDescription(image);
  } finally {
    await context.forget(machine);
  }
}
