/** Event sequences as real runs give them, for the tests of the reporters. */
import { eventSchema } from '../model/events.js';
import type { DroverEvent, EventOf } from '../model/events.js';
import { phases } from '../model/outcome.js';
import type { Failure, Outcome, PhaseTiming } from '../model/outcome.js';
import type { MemoryVerdict, SliceVerdict } from '../model/verdict.js';
import { noCounts, withOutcome } from './fold/counts.js';

export const plain = '/x86_64/migration/precopy/unix/plain';
export const tcp = '/x86_64/migration/precopy/tcp/plain';
export const file = '/x86_64/migration/precopy/file';
export const badDest = '/x86_64/migration/bad_dest';

const qemu = {
  command: 'qemu-system-x86_64',
  version: '10.0.8',
  package: 'Debian 1:10.0.8+ds-0+deb13u1',
  arch: 'x86_64',
} as const;

export const olderQemu = {
  ...qemu,
  command: 'nice "/opt/qemu 7.2/qemu-system-x86_64"',
  version: '7.2.22',
} as const;

export function runStarted(
  tests: readonly string[],
  more: Partial<EventOf<'run-started'>> = {},
): EventOf<'run-started'> {
  return {
    type: 'run-started',
    schema: eventSchema,
    atMs: 0,
    time: '2025-03-04T05:06:07.000Z',
    drover: '0.1.0',
    host: {
      hostname: 'box',
      kernel: '6.1.0-31-amd64',
      cpu: 'AMD EPYC 7B13',
      cores: 2,
      memoryBytes: 8 * 2 ** 30,
      node: '20.20.0',
    },
    source: qemu,
    destination: qemu,
    machine: 'pc-q35-10.0',
    accel: 'tcg',
    workers: 2,
    total: tests.length,
    tests,
    ...more,
  };
}

function timings(durationMs: number): PhaseTiming[] {
  const eachMs = durationMs / phases.length;
  return phases.map((phase, index) => ({ phase, startMs: index * eachMs, durationMs: eachMs }));
}

const noDamage = {
  ...{ stale: 0, ahead: 0, misplaced: 0, 'partly-written': 0 },
  ...{ zeroed: 0, absent: 0, garbage: 0, flipped: 0 },
};

const slice: SliceVerdict = {
  start: 0x100000,
  end: 0x6400000,
  pages: 25_344,
  generation: 27,
  edge: 0xd53000,
  beingWritten: null,
  damagedPages: 0,
  damagedRuns: 0,
  pagesByKind: noDamage,
  damage: [],
  upstreamLines: [],
};

export const intact: MemoryVerdict = {
  stamp: 'byte',
  intact: true,
  range: { start: 0x100000, end: 0x6400000, step: 4096 },
  hole: null,
  pages: 25_344,
  slices: [slice],
  damagedPages: 0,
  damagedRuns: 0,
  source: 'shared mapping',
  kernel: 'prefetch',
  elapsedMs: 1.8,
};

const staleByOne = { kind: 'stale', by: 1, from: null, byteOffset: null } as const;

export const damaged: MemoryVerdict = {
  ...intact,
  ...{ intact: false, damagedPages: 4941, damagedRuns: 3 },
  slices: [
    {
      ...slice,
      ...{ damagedPages: 4941, damagedRuns: 3, pagesByKind: { ...noDamage, stale: 4941 } },
      damage: [
        { ...staleByOne, start: 0x200000, end: 0x201000, pages: 1, expected: 27, found: 26 },
        { ...staleByOne, start: 0xe00000, end: 0x214b000, pages: 4939, expected: 26, found: 25 },
      ],
      upstreamLines: [
        'Memory content inconsistency at 200000 first_byte = 1b last_byte = 1b current = 1a hit_edge = 1',
        'and in another 4931 pages',
      ],
    },
  ],
};

export const memoryFailure: Failure = {
  code: 'memory-damaged',
  message: 'the destination lost 4,941 pages of 25,344',
  phase: 'verify',
  side: 'destination',
};

export const deadlineFailure: Failure = {
  code: 'deadline',
  message: 'no MIGRATION event completed on the source within 30.0 s; last seen: active',
  phase: 'migrate',
  side: 'source',
  waitedFor: 'MIGRATION event completed',
  lastSeen: 'active',
  // What a QEMU's stderr may hold: colours, a bell, a NUL, the end of a CDATA section, markup.
  details: ['stderr: \u001B[31mqemu: <fatal> & ]]> twice ]]>\u0007\u0000\r\nsecond line \uD800'],
  causes: ['connection reset'],
};

export const launchFailure: Failure = {
  code: 'spawn',
  message: 'cannot start qemu-system-x86_64: out of memory # not a directive',
};

export const passed: Outcome = { kind: 'passed', verdict: intact };
export const failed: Outcome = { kind: 'failed', failure: memoryFailure, verdict: damaged };
export const late: Outcome = { kind: 'failed', failure: deadlineFailure };
export const broken: Outcome = { kind: 'broken', failure: launchFailure };
export const skipped: Outcome = { kind: 'skipped', reason: 'needs file: URIs\n(QEMU 8.2) # here' };
export const cancelled: Outcome = { kind: 'cancelled', phase: 'migrate' };

export function testFinished(
  test: string,
  outcome: Outcome,
  more: Partial<EventOf<'test-finished'>> = {},
): EventOf<'test-finished'> {
  const durationMs = more.durationMs ?? (outcome.kind === 'skipped' ? 0 : 600);
  const ran = outcome.kind !== 'skipped';
  const kept = outcome.kind === 'failed' || outcome.kind === 'broken';
  return {
    type: 'test-finished',
    atMs: 1000,
    test,
    attempt: 1,
    outcome,
    durationMs,
    phases: ran ? timings(durationMs) : [],
    // absent where it is not kept, as in a log on disk
    ...(kept && { directory: '/tmp/drover-Zk3/unix-plain' }),
    ...more,
  };
}

/** The events of one attempt, up to its end. */
export function attempt(
  test: string,
  outcome: Outcome,
  more: Partial<EventOf<'test-finished'>> = {},
): DroverEvent[] {
  const of = { test, attempt: more.attempt ?? 1, atMs: 100 };
  return [
    { type: 'test-started', ...of },
    ...phases.map((phase) => ({ type: 'phase-started' as const, phase, ...of })),
    { type: 'migration-status', side: 'source', status: 'active', ...of },
    testFinished(test, outcome, more),
  ];
}

export function runFinished(
  before: readonly DroverEvent[],
  more: Partial<EventOf<'run-finished'>> = {},
): EventOf<'run-finished'> {
  const counts = before.reduce(
    (sum, event) => (event.type === 'test-finished' ? withOutcome(sum, event.outcome.kind) : sum),
    noCounts,
  );
  const exitCode = counts.broken > 0 ? 3 : counts.failed > 0 ? 1 : counts.cancelled > 0 ? 130 : 0;
  return { type: 'run-finished', atMs: 4200, durationMs: 4200, counts, exitCode, ...more };
}

function whole(...events: DroverEvent[]): DroverEvent[] {
  return [...events, runFinished(events)];
}

export const mixedRun = whole(
  runStarted([plain, tcp, file, badDest], { destination: olderQemu }),
  ...attempt(plain, passed, { durationMs: 620 }),
  ...attempt(tcp, failed, { durationMs: 900 }),
  testFinished(file, skipped),
  { type: 'warning', atMs: 1500, message: 'no KVM:\n/dev/kvm is not readable' },
  ...attempt(badDest, broken, { durationMs: 40 }),
);

export const passedRun = whole(
  runStarted([plain, tcp]),
  ...attempt(plain, passed),
  ...attempt(tcp, passed),
);

export const emptyRun = whole(runStarted([]));

/** Ctrl-C while the second of three ran. */
export const cancelledRun = whole(
  runStarted([plain, tcp, file]),
  ...attempt(plain, passed),
  ...attempt(tcp, cancelled),
);

/** The run could not be carried out at all. */
export const brokenRun: DroverEvent[] = [
  runStarted([plain]),
  {
    ...runFinished([]),
    exitCode: 3,
    failure: { code: 'pool', message: 'no worker could be started', details: ['EAGAIN'] },
  },
];

/** `--repeat`: two tests, the first fails now and then. */
export function repeatedRun(attempts: number): DroverEvent[] {
  const events: DroverEvent[] = [
    runStarted(Array.from({ length: attempts * 2 }, (_, index) => (index % 2 ? tcp : plain))),
  ];
  for (let number = 1; number <= attempts; number += 1) {
    events.push(...attempt(plain, number % 4 === 3 ? failed : passed, { attempt: number }));
    events.push(...attempt(tcp, passed, { attempt: number, durationMs: 500 + number }));
  }
  return whole(...events);
}
