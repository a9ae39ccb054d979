/** What a combination sets of a pair: from values to the settings that a flow takes. */
import { asString } from '../../model/json.js';
import type { GuestShape } from '../../guest/shape.js';
import type { Hooks } from '../migrate-common.js';
import type { Pair } from '../pair.js';
import type { PairSettings } from '../pair-settings.js';
import { usePsk } from '../tls/tls-credentials.js';
import type { Combination } from './combination.js';
import type { FactorValue } from './factors.js';

export type GeneratedFlow = 'precopy' | 'postcopy' | 'file';

export function flowOf(combination: Combination): GeneratedFlow {
  if (combination.valueOf('transport') === 'file') return 'file';
  return isPostcopy(combination) ? 'postcopy' : 'precopy';
}

export const isPostcopy = (combination: Combination): boolean =>
  ['postcopy', 'recovery'].includes(combination.valueOf('flow'));

const unixAddress = 'unix:$DIR/migsocket';
const tcpAddress = 'tcp:127.0.0.1:0';
const addresses: Readonly<Record<string, string>> = {
  unix: unixAddress,
  tcp: tcpAddress,
  tls: tcpAddress,
  // the side that starts second finds the pipe
  exec: 'exec:mkfifo pipe; exec cat pipe',
  file: 'file:$DIR/migfile',
};
const intoPipe = 'exec:until [ -p pipe ]; do sleep 0.01; done; exec cat > pipe';

/** Where the destination listens, or the file; `$DIR` is the test's directory. */
export const addressOf = (combination: Combination): string =>
  addresses[combination.valueOf('transport')] ?? unixAddress;

type Common = Pick<
  PairSettings,
  'memory' | 'capabilities' | 'sourceCapabilities' | 'parameters' | 'sourceParameters' | 'connectBy'
>;

/** What is set of both sides, whatever the flow. */
export function settingsOf(combination: Combination): Common {
  const { values } = combination;
  const unusual = values.filter(({ name }) => combination.has(name));
  const all = <T>(of: (value: FactorValue) => T | undefined): T[] =>
    unusual.flatMap((value) => of(value) ?? []);
  const merged = (of: (value: FactorValue) => Common['parameters']): Common['parameters'] => {
    const [first, ...others] = all(of);
    return first === undefined ? undefined : (Object.assign({}, first, ...others) as typeof first);
  };
  const own = all(({ sourceCapability }) => sourceCapability);
  const parameters = merged((value) => value.parameters);
  const sourceParameters = merged((value) => value.sourceParameters);
  const [memory = 'anon'] = all((value) => value.memory);
  return {
    memory,
    capabilities: all(({ capability }) => capability),
    ...(own.length === 0 ? {} : { sourceCapabilities: own }),
    ...(parameters === undefined ? {} : { parameters }),
    ...(sourceParameters === undefined ? {} : { sourceParameters }),
    ...(combination.has('channels') ? { connectBy: 'channels' } : {}),
  };
}

/** Of a migration over a socket or a pipe that is no postcopy. */
export function connectionOf(combination: Combination): PairSettings {
  const incoming = addressOf(combination);
  const live = combination.valueOf('flow') === 'live';
  return combination.valueOf('transport') === 'exec'
    ? { incoming, connect: intoPipe, live }
    : { incoming, live };
}

export function guestOf({ values }: Combination): Pick<GuestShape, 'stamp' | 'writers'> {
  const stamp = values.find((value) => value.stamp !== undefined)?.stamp ?? 'wide';
  const writers = values.find((value) => value.writers !== undefined)?.writers ?? 1;
  return { stamp, writers };
}

export const hooksOf = (combination: Combination): Hooks => ({
  startHook: async (pair) => {
    if (combination.has('pause-before-switchover')) continueAtPause(pair);
    if (combination.valueOf('transport') === 'tls') await usePsk(pair);
  },
});

/** If QEMU does not go on, the wait for the end of the migration says that it pauses. */
function continueAtPause({ source: { qmp } }: Pair): void {
  qmp.events.listen(({ name, data }) => {
    const state = asString(data['status']);
    if (name !== 'MIGRATION' || state !== 'pre-switchover') return;
    void qmp.execute('migrate-continue', { state }).catch(() => undefined);
  });
}
