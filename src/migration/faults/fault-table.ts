/**
 * What Drover does to the connections of a migration, and in which states both sides may be
 * afterwards: data, which the flow carries out and compares. A state that is not listed fails.
 */
import type { EndPair, Hazard, Rung } from '../../model/fault-report.js';
import type { WireFault } from '../wire.js';

/**
 * Who lets the destination's guest run. `managed`: it starts with `-S`, and the manager continues
 * it only after the source has completed. `bare`: QEMU itself, as soon as it has loaded it.
 */
export type Profile = 'managed' | 'bare';

/** When the fault begins: while memory is sent, or just before the guest may be stopped. */
export type Stage = 'memory' | 'switchover';

/**
 * When the fault has done its work: the source fails, the source has stopped its guest, the
 * destination has loaded all, the destination has ended, nothing is sent any more, or the source
 * completes.
 */
export type Effect = 'failed' | 'stopped' | 'loaded' | 'exited' | 'quiet' | 'completed';

export interface FaultCase {
  readonly profile: Profile;
  readonly transport: 'unix' | 'tcp';
  readonly capabilities?: readonly string[];
  readonly stage: Stage;
  readonly faults: readonly WireFault[];
  readonly until: Effect;
  /** faults that follow when those have done their work, and what they do */
  readonly then?: { readonly faults: readonly WireFault[]; readonly until: Effect };
  readonly before: readonly EndPair[];
  readonly rungs: readonly Rung[];
  readonly after: readonly EndPair[];
  /** an end among `after` that no migration should have, and QEMU alone cannot avoid */
  readonly hazard?: Hazard['kind'] | undefined;
}

const bothWays = (fault: Omit<WireFault, 'toward'>): readonly WireFault[] => [
  { ...fault, toward: 'destination' },
  { ...fault, toward: 'source' },
];

/** of multifd: the source connects the main channel first */
const channel = 2;

/** the same over TCP and over a UNIX socket */
const stall = {
  profile: 'managed',
  stage: 'memory',
  faults: bothWays({ action: 'stall' }),
  until: 'quiet',
  before: ['runs/incomplete'],
  rungs: ['migrate_cancel'],
  after: ['runs/incomplete'],
} as const satisfies Omit<FaultCase, 'transport'>;

/** Names are the ends of the tests' paths. */
export const faultCases = {
  /** the control: what the other cases see is not the flow's doing */
  'precopy/unix/none': {
    profile: 'bare',
    transport: 'unix',
    capabilities: ['return-path'],
    stage: 'switchover',
    faults: [],
    until: 'completed',
    before: ['paused/runs'],
    rungs: ['none'],
    after: ['paused/runs'],
  },
  'precopy/tcp/none/managed': {
    profile: 'managed',
    transport: 'tcp',
    stage: 'switchover',
    faults: [],
    until: 'completed',
    before: ['paused/paused'],
    rungs: ['none'],
    after: ['paused/runs'],
  },
  'precopy/unix/stall': { ...stall, transport: 'unix' },
  'precopy/tcp/stall': { ...stall, transport: 'tcp' },
  'precopy/tcp/reset': {
    profile: 'managed',
    transport: 'tcp',
    stage: 'memory',
    faults: [{ action: 'rst', toward: 'destination', closesSender: true }],
    until: 'failed',
    before: ['runs/gone'],
    rungs: ['none'],
    after: ['runs/gone'],
  },
  'precopy/unix/closed': {
    profile: 'managed',
    transport: 'unix',
    stage: 'memory',
    faults: [{ action: 'fin', toward: 'destination', closesSender: true }],
    until: 'failed',
    before: ['runs/gone'],
    rungs: ['none'],
    after: ['runs/gone'],
  },
  /** the source does not hear of it */
  'precopy/tcp/half-open': {
    profile: 'managed',
    transport: 'tcp',
    stage: 'memory',
    faults: [{ action: 'rst', toward: 'destination' }],
    until: 'exited',
    before: ['runs/gone'],
    rungs: ['migrate_cancel'],
    after: ['runs/gone'],
  },
  'precopy/unix/dropped-4k': {
    profile: 'managed',
    transport: 'unix',
    stage: 'memory',
    faults: [{ action: 'drop', toward: 'destination', amount: 4096 }],
    until: 'failed',
    before: ['runs/gone'],
    rungs: ['none'],
    after: ['runs/gone'],
  },
  'precopy/unix/answers-lost/managed': {
    profile: 'managed',
    transport: 'unix',
    capabilities: ['return-path'],
    stage: 'switchover',
    faults: [{ action: 'blackhole', toward: 'source' }],
    until: 'loaded',
    before: ['paused/paused'],
    rungs: ['migrate_cancel'],
    after: ['runs/paused'],
  },
  'precopy/unix/answers-lost/bare': {
    profile: 'bare',
    transport: 'unix',
    capabilities: ['return-path'],
    stage: 'switchover',
    faults: [{ action: 'blackhole', toward: 'source' }],
    until: 'loaded',
    before: ['paused/runs'],
    rungs: ['migrate_cancel'],
    after: ['runs/runs'],
    hazard: 'both-run',
  },
  'precopy/unix/answers-lost/then-closed': {
    profile: 'bare',
    transport: 'unix',
    capabilities: ['return-path'],
    stage: 'switchover',
    faults: [{ action: 'blackhole', toward: 'source' }],
    until: 'loaded',
    then: { faults: [{ action: 'fin', toward: 'source', closesSender: true }], until: 'failed' },
    before: ['runs/runs'],
    rungs: ['none'],
    after: ['runs/runs'],
    hazard: 'both-run',
  },
  'precopy/unix/tail-lost/return-path': {
    profile: 'managed',
    transport: 'unix',
    capabilities: ['return-path'],
    stage: 'switchover',
    faults: [{ action: 'hold-back', toward: 'destination', amount: 65_536 }],
    until: 'quiet',
    before: ['paused/incomplete'],
    rungs: ['migrate_cancel'],
    after: ['runs/incomplete'],
  },
  'precopy/unix/tail-lost/bare': {
    profile: 'bare',
    transport: 'unix',
    stage: 'switchover',
    faults: [{ action: 'hold-back', toward: 'destination', amount: 65_536 }],
    until: 'completed',
    before: ['paused/incomplete'],
    rungs: ['none'],
    after: ['paused/incomplete'],
    hazard: 'neither-runs',
  },
  /** QEMU sends what is left with its big lock held: only out-of-band QMP still reaches it */
  'precopy/unix/switchover-stall': {
    profile: 'managed',
    transport: 'unix',
    capabilities: ['return-path'],
    stage: 'switchover',
    faults: [{ action: 'rate', toward: 'destination', amount: 10_000_000 }],
    until: 'stopped',
    then: { faults: [{ action: 'stall', toward: 'destination' }], until: 'quiet' },
    before: ['paused/incomplete'],
    rungs: ['yank'],
    after: ['runs/incomplete'],
  },
  'multifd/tcp/channel-stall': {
    profile: 'managed',
    transport: 'tcp',
    capabilities: ['multifd'],
    stage: 'memory',
    faults: bothWays({ action: 'stall', connection: channel }),
    until: 'quiet',
    before: ['runs/incomplete'],
    rungs: ['migrate_cancel', 'yank'],
    after: ['runs/incomplete', 'runs/gone'],
  },
  'multifd/tcp/channel-reset': {
    profile: 'managed',
    transport: 'tcp',
    capabilities: ['multifd'],
    stage: 'memory',
    faults: [{ action: 'rst', toward: 'destination', connection: channel, closesSender: true }],
    until: 'failed',
    before: ['runs/gone', 'runs/incomplete'],
    rungs: ['none'],
    after: ['runs/gone', 'runs/incomplete'],
  },
} as const satisfies Readonly<Record<string, FaultCase>>;
export type FaultName = keyof typeof faultCases;
