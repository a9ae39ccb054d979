/** The transports of a stress run, one row each. */
import type { Need } from '../../model/features.js';
import { reliablePreempt } from '../preempt.js';

/**
 * live: to a destination that listens. postcopy: the same, then postcopy. file: the destination
 * reads it afterwards.
 */
export type StressFlow = 'live' | 'postcopy' | 'file';

export interface StressTransport {
  readonly name: string;
  readonly flow: StressFlow;
  /**
   * where the destination listens, or the file; `$DIR` is the private directory, `$ROUND` the
   * round's number
   */
  readonly uri: string;
  /** of both sides */
  readonly capabilities: readonly string[];
  readonly parameters: Readonly<Record<string, string | number | boolean>>;
  /** whether `:N` after the name is a number of channels */
  readonly takesChannels: boolean;
  readonly needs: readonly Need[];
}

const tcp = 'tcp:127.0.0.1:0';
const file = 'file:$DIR/round$ROUND.mig';

const multifd: Need = { kind: 'capability', name: 'multifd', since: '4.0' };
const fileTransport: Need = { kind: 'transport', name: 'file', since: '8.2' };
const mappedRam: Need = { kind: 'capability', name: 'mapped-ram', since: '9.0' };
const userfaultfd: Need = { kind: 'host', name: 'userfaultfd' };
const preempt: Need = { kind: 'capability', name: 'postcopy-preempt', since: '7.1' };

const plain = {
  flow: 'live',
  capabilities: [],
  parameters: {},
  takesChannels: false,
  needs: [],
} as const;

export const stressTransports: readonly StressTransport[] = [
  { ...plain, name: 'unix', uri: 'unix:$DIR/round$ROUND' },
  { ...plain, name: 'tcp', uri: tcp },
  {
    ...plain,
    name: 'multifd',
    uri: tcp,
    capabilities: ['multifd'],
    takesChannels: true,
    needs: [multifd],
  },
  {
    ...plain,
    name: 'postcopy',
    flow: 'postcopy',
    uri: tcp,
    capabilities: ['postcopy-ram'],
    needs: [userfaultfd],
  },
  {
    ...plain,
    name: 'postcopy-preempt',
    flow: 'postcopy',
    uri: tcp,
    capabilities: ['postcopy-ram', 'postcopy-preempt'],
    needs: [userfaultfd, preempt, reliablePreempt],
  },
  { ...plain, name: 'file', flow: 'file', uri: file, needs: [fileTransport] },
  {
    ...plain,
    name: 'mapped-ram',
    flow: 'file',
    uri: file,
    capabilities: ['mapped-ram'],
    needs: [fileTransport, mappedRam],
  },
  {
    ...plain,
    name: 'mapped-ram-multifd',
    flow: 'file',
    uri: file,
    capabilities: ['mapped-ram', 'multifd'],
    takesChannels: true,
    needs: [fileTransport, mappedRam, multifd],
  },
];

export const usualStressChannels = 4;
