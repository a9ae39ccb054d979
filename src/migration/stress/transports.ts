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
  /** in addition to what follows from the rest */
  readonly needs: readonly Need[];
}

/** How the connections are encrypted. */
export type TlsKind = 'psk' | 'x509';
export const tlsKinds = ['psk', 'x509'] as const satisfies readonly TlsKind[];

const tcp = 'tcp:127.0.0.1:0';
const file = 'file:$DIR/round$ROUND.mig';

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
  },
  {
    ...plain,
    name: 'postcopy',
    flow: 'postcopy',
    uri: tcp,
    capabilities: ['postcopy-ram'],
  },
  {
    ...plain,
    name: 'postcopy-preempt',
    flow: 'postcopy',
    uri: tcp,
    capabilities: ['postcopy-ram', 'postcopy-preempt'],
    needs: [reliablePreempt],
  },
  { ...plain, name: 'file', flow: 'file', uri: file },
  {
    ...plain,
    name: 'mapped-ram',
    flow: 'file',
    uri: file,
    capabilities: ['mapped-ram'],
  },
  {
    ...plain,
    name: 'mapped-ram-multifd',
    flow: 'file',
    uri: file,
    capabilities: ['mapped-ram', 'multifd'],
    takesChannels: true,
  },
];

export const usualStressChannels = 4;
