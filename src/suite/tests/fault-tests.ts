/** Migrations whose connections Drover disturbs: exactly one side's guest must run in the end. */
import { faultMigration } from '../../migration/faults/fault-flow.js';
import { faultCases } from '../../migration/faults/fault-table.js';
import type { FaultCase, FaultName } from '../../migration/faults/fault-table.js';
import type { Combination } from '../../migration/faults/combined/combination.js';
import { bitFlip } from '../../migration/faults/bit-flip.js';
import type { Pair } from '../../migration/pair.js';
import { migrationTest, postcopyTest } from '../definition.js';
import type { TestDefinition } from '../definition.js';
import { combinedFaultTest } from './combined-fault-tests.js';
import { needsOf } from '../needs.js';
import { unixSocket } from './unix-socket.js';

/** the others are thorough */
const full: readonly FaultName[] = [
  'precopy/unix/none',
  'precopy/unix/stall',
  'precopy/tcp/reset',
  'precopy/unix/dropped-4k',
  'precopy/unix/answers-lost/managed',
  'precopy/unix/answers-lost/bare',
  'precopy/unix/tail-lost/bare',
  'precopy/unix/switchover-stall',
  'multifd/tcp/channel-stall',
  'multifd/tcp/channel-reset',
];

/** so that a flipped bit shows wherever it is in a page */
const everyByte = { stamp: 'page' } as const;
/** with one channel for pages, which gets all of them */
const multifd = {
  incoming: 'tcp:127.0.0.1:0',
  capabilities: ['multifd'],
  multifdChannels: 1,
} as const;

/** A network that resets the connections of a postcopy; both sides must pause, and recover. */
function breakByReset(pair: Pair): void {
  pair.cutConnection = async () => {
    const reset = { action: 'rst', toward: 'destination', closesSender: true } as const;
    await pair.wire?.fault(reset, pair.context.signal);
  };
}

const precopy = {
  ...({ profile: 'managed', mode: 'precopy', transport: 'unix' } as const),
  ...({ answers: 'return-path', channel: 'process' } as const),
} as const;
const toFile = {
  ...({ profile: 'managed', mode: 'file', transport: 'file', answers: 'one-way' } as const),
  ...({ stage: 'memory', channel: 'process', direction: 'source' } as const),
} as const;

/** Faults outside of the channel, each once; `drover faults` has them at other times and places. */
const outside: readonly Combination[] = [
  { ...precopy, stage: 'memory', fault: 'kill', direction: 'source' },
  { ...precopy, stage: 'switchover', fault: 'kill', direction: 'destination' },
  { ...precopy, profile: 'bare', stage: 'switchover', fault: 'stop', direction: 'source' },
  { ...toFile, fault: 'disk-full' },
  { ...toFile, fault: 'file-size' },
  {
    ...{ ...precopy, transport: 'tcp', stage: 'setup' },
    ...{ fault: 'descriptors', direction: 'destination' },
  },
  {
    ...{ ...precopy, mode: 'multifd', transport: 'tcp', stage: 'setup' },
    ...{ fault: 'memory', direction: 'destination' },
  },
];

export const faultTests: readonly TestDefinition[] = [
  ...Object.entries<FaultCase>(faultCases).map(([name, fault]) =>
    migrationTest({
      path: `/migration/faults/${name}`,
      level: full.some((each) => each === name) ? 'full' : 'thorough',
      origin: 'drover',
      needs: needsOf({ capabilities: fault.capabilities ?? [] }),
      run: async (context) => await faultMigration(context, fault),
    }),
  ),
  migrationTest({
    path: '/migration/faults/precopy/unix/bit-flip',
    level: 'full',
    origin: 'drover',
    guest: everyByte,
    run: async (context) => await bitFlip(context, unixSocket, 0),
  }),
  migrationTest({
    path: '/migration/faults/multifd/tcp/bit-flip',
    level: 'thorough',
    origin: 'drover',
    guest: everyByte,
    needs: needsOf(multifd),
    run: async (context) => await bitFlip(context, multifd, 1),
  }),
  postcopyTest({
    path: '/migration/faults/postcopy/tcp/reset',
    level: 'full',
    origin: 'drover',
    wire: 'plain',
    recovery: 'once',
    startHook: breakByReset,
  }),
  ...outside.map((fault) => combinedFaultTest({ ...fault, detail: {} }, 'full')),
];
