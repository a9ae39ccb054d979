/**
 * Wrong input, which QEMU must refuse: UUIDs that differ, no address or two; and a stream that
 * Drover itself reads.
 */
import { ignoreShared } from './file/ignore-shared.js';
import type { Expectation } from '../../migration/pair-settings.js';
import { startPair } from '../../migration/pair.js';
import { readBack } from './file/read-back.js';
import { requireRefusal, waitGuest } from '../../migration/steps.js';
import { endBoth } from '../../migration/verify.js';
import { migrationTest, precopyTest } from '../definition.js';
import type { TestDefinition } from '../definition.js';
import { needsChannels, needsOf } from '../needs.js';
import { unixSocket } from './unix-socket.js';

const ones = '11111111-1111-1111-1111-111111111111';
const twos = '22222222-2222-2222-2222-222222222222';

interface UuidRow {
  readonly name: string;
  readonly source?: string;
  readonly destination?: string;
  readonly expect?: Expectation;
}

const uuidArgs = (uuid: string | undefined): string[] =>
  uuid === undefined ? [] : ['-uuid', uuid];

/**
 * only the source has the capability: it sends its UUID, and the destination compares it with its
 * own, if it has one
 */
function uuidTest({ name, source, destination, expect }: UuidRow): TestDefinition {
  return precopyTest({
    path: `/migration/${name}`,
    level: 'full',
    ...unixSocket,
    sourceArgs: uuidArgs(source),
    destinationArgs: uuidArgs(destination),
    sourceCapabilities: ['validate-uuid'],
    startHook: async (pair) => {
      if (expect === undefined) return;
      await waitGuest(pair);
      await pair.ensureConverge();
    },
    live: true,
    expect,
    surviveErrors: true,
  });
}

/** QEMU must refuse `migrate` with contradicting arguments at once. */
function uriTest(name: string, addresses: 'both' | 'none'): TestDefinition {
  return migrationTest({
    path: `/migration/validate_uri/channels/${name}`,
    level: 'full',
    needs: [needsChannels],
    run: async (context) => {
      const pair = await startPair(context, { listen: 'defer' });
      context.observer.phase('warm-up');
      await waitGuest(pair);
      context.observer.phase('migrate');
      const inet = { transport: 'socket', type: 'inet', host: '127.0.0.1', port: '0' };
      const both = { uri: 'tcp:127.0.0.1:0', channels: [{ 'channel-type': 'main', addr: inet }] };
      await requireRefusal(pair.source, 'migrate', addresses === 'none' ? {} : both);
      await endBoth(pair);
      return {};
    },
  });
}

export const validationTests: readonly TestDefinition[] = [
  migrationTest({
    path: '/migration/ignore-shared',
    level: 'flaky',
    needs: needsOf({ capabilities: ['x-ignore-shared'], memory: 'shmem' }),
    run: ignoreShared,
  }),
  uuidTest({ name: 'validate_uuid', source: ones, destination: ones }),
  uuidTest({
    name: 'validate_uuid_error',
    source: ones,
    destination: twos,
    expect: { kind: 'fails', throughActive: true, destination: 'exits' },
  }),
  uuidTest({ name: 'validate_uuid_src_not_set', destination: twos }),
  uuidTest({ name: 'validate_uuid_dst_not_set', source: ones }),
  uriTest('both_set', 'both'),
  uriTest('none_set', 'none'),
  migrationTest({
    path: '/migration/analyze-script',
    level: 'smoke',
    needs: needsOf({ capabilities: ['validate-uuid', 'x-ignore-shared'] }),
    run: async (context) => await readBack(context, ones),
  }),
];
