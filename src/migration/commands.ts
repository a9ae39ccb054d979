/** The QMP commands of a migration, one function each, with the checks upstream makes on them. */
import { contractError } from '../model/errors.js';
import { asArray, asObject, asString } from '../model/json.js';
import type { Json, JsonObject } from '../model/json.js';
import type { MigrationFigures } from '../model/outcome.js';
import type { Machine } from '../qemu/machine.js';
import type { EventCursor } from '../qmp/events.js';
import type { TestMachine } from './context.js';

/** A capability is set by a command of its own, as upstream does. */
export async function setCapability(machine: Machine, name: string, state = true): Promise<void> {
  await machine.qmp.execute('migrate-set-capabilities', {
    capabilities: [{ capability: name, state }],
  });
}

/** QEMU 7.2 accepts these and returns its own values. */
const notReadBack = ['multifd-zlib-level', 'multifd-zstd-level', 'multifd-qatzip-level'];

/** Sets parameters in one command and reads them back. */
export async function setParameters(
  machine: Machine,
  values: Readonly<Record<string, string | number | boolean>>,
): Promise<void> {
  await machine.qmp.execute('migrate-set-parameters', values);
  const now = await machine.qmp.execute('query-migrate-parameters');
  for (const [name, value] of Object.entries(values)) {
    if (now[name] === value || notReadBack.includes(name)) continue;
    throw contractError(
      'parameter-not-set',
      `migration parameter ${name} is ${JSON.stringify(now[name])} on the ${machine.side} after it was set to ${JSON.stringify(value)}`,
      { side: machine.side },
    );
  }
}

/** Where to migrate to: exactly one of the two. */
export type Target = { readonly uri: string } | { readonly channels: Json };

/** @returns the cursor from which this migration's events count */
export async function migrate(
  machine: Machine,
  target: Target,
  extra: JsonObject = {},
): Promise<EventCursor> {
  const since = machine.qmp.events.cursor;
  await machine.qmp.execute('migrate', { ...target, ...extra });
  return since;
}

/** Gives a deferred destination its address, and waits until it listens. */
export async function migrateIncoming(
  machine: TestMachine,
  target: Target,
  extra: JsonObject = {},
): Promise<void> {
  const { deadlines, signal } = machine.context;
  const { events } = machine.qmp;
  const since = events.cursor;
  await machine.qmp.execute('migrate-incoming', { ...target, ...extra });
  await events.wait((event) => event.name === 'MIGRATION' && event.data['status'] === 'setup', {
    what: 'MIGRATION event setup after migrate-incoming',
    since,
    timeoutMs: deadlines.eventMs,
    signal,
  });
}

/** The address the destination listens on, as a URI. */
export async function discoverAddress(destination: Machine): Promise<string> {
  const answer = await destination.qmp.execute('query-migrate');
  const address = asObject(asArray(answer['socket-address'])[0]);
  const text = (key: string): string => asString(address[key]) ?? '';
  switch (address['type']) {
    case 'inet': {
      const host = text('host');
      return `tcp:${host.includes(':') ? `[${host}]` : host}:${text('port')}`;
    }
    case 'unix':
      return `unix:${text('path')}`;
    case 'vsock':
      return `vsock:${text('cid')}:${text('port')}`;
    case 'fd':
      return `fd:${text('str')}`;
    default:
      throw contractError(
        'no-listening-address',
        'query-migrate on the destination reports no address that it listens on',
        { side: destination.side, lastSeen: JSON.stringify(answer) },
      );
  }
}

/** The address the destination listens on, as the only channel of a list. */
export async function discoverChannels(destination: Machine): Promise<Json> {
  const answer = await destination.qmp.execute('query-migrate');
  const { type, ...address } = asObject(asArray(answer['socket-address'])[0]);
  return [{ 'channel-type': 'main', addr: { transport: 'socket', type: type ?? '', ...address } }];
}

const counters = {
  downtimeMs: ['downtime'],
  totalTimeMs: ['total-time'],
  setupTimeMs: ['setup-time'],
  transferredBytes: ['ram', 'transferred'],
  dirtySyncCount: ['ram', 'dirty-sync-count'],
} as const;

/** QEMU's own figures, from an answer to query-migrate. */
export function figuresOf(answer: JsonObject): MigrationFigures {
  const figures: Record<string, number> = {};
  for (const [name, path] of Object.entries(counters)) {
    const value = path.reduce<Json | undefined>((object, key) => asObject(object)[key], answer);
    if (typeof value === 'number') figures[name] = value;
  }
  return figures;
}
