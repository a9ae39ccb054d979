/**
 * Refusals as answers: QEMU may refuse what a generated test asks for, when it is set up or when the
 * migration begins. Then the guest must run at the source as if nobody had asked.
 */
import { saysHostExhausted } from '../../model/errors.js';
import type { Refusal } from '../../model/outcome.js';
import { QmpCommandError } from '../../qmp/client.js';
import type { TestContext, TestMachine } from '../context.js';
import type { FlowResult } from '../migration.js';
import { endBoth, requireStarts, verifyMemory } from '../verify.js';
import { waitSerial } from '../waits.js';

/** commands that say what is wanted of a migration */
const asking: readonly string[] = [
  'migrate-set-capabilities',
  'migrate-set-parameters',
  'migrate-incoming',
  'migrate',
];

/** What says nothing of the settings: a command that Drover made wrongly, or a host that has no more. */
const isNoAnswer = ({ errorClass, desc }: QmpCommandError): boolean =>
  errorClass !== 'GenericError' ||
  saysHostExhausted(desc) ||
  /Address already in use|^Parameter '[^']*' is (unexpected|missing)/i.test(desc);

/** Of an error. @returns undefined if it is none */
export function refusalIn(error: unknown): Refusal | undefined {
  if (!(error instanceof QmpCommandError) || !asking.includes(error.command)) return undefined;
  if (isNoAnswer(error)) return undefined;
  return { command: error.command, side: error.input.side ?? 'source', words: error.desc };
}

/** What `run` gives; of a QEMU that refused, that. */
export async function orRefused(
  context: TestContext,
  run: () => Promise<FlowResult>,
): Promise<FlowResult> {
  try {
    return await run();
  } catch (error) {
    const refused = refusalIn(error);
    const [source, destination] = sidesOf(context);
    if (refused === undefined || source === undefined || destination === undefined) throw error;
    if (await hasBegun(source)) throw error;
    return { ...(await goesOn(context, source, destination)), refused };
  }
}

/** What QEMU refuses in the middle of a migration, such as its recovery, leaves the guest in parts. */
async function hasBegun(source: TestMachine): Promise<boolean> {
  const { status = 'none' } = await source.qmp.execute('query-migrate');
  return status !== 'none';
}

const sidesOf = ({ machines }: TestContext): (TestMachine | undefined)[] =>
  (['source', 'destination'] as const).map((side) =>
    machines.find((machine) => machine.side === side),
  );

/** The guest runs at the source, and only there, with its memory intact; both QEMUs quit. */
async function goesOn(
  context: TestContext,
  source: TestMachine,
  destination: TestMachine,
): Promise<FlowResult> {
  await waitSerial(source);
  const { running } = await source.qmp.execute('query-status');
  // stopped by the test, before it began
  if (running !== true) await source.qmp.execute('cont');
  context.observer.phase('verify');
  const verdict = await verifyMemory(source);
  if (!verdict.intact) {
    await endBoth({ source, destination }).catch(() => undefined);
    return { verdict, damagedSide: 'source' };
  }
  requireStarts(source, 1);
  requireStarts(destination, 0);
  await endBoth({ source, destination });
  return { verdict };
}
