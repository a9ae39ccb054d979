/**
 * What a benchmark measures, one row each: reports print these, and docs/reference/bench.md has a
 * row for each.
 */
import type { Measured } from '../model/measured.js';
import { formatDuration } from '../model/text/format.js';

export type FigureKey = keyof Omit<Measured, 'isForced'>;

export interface Figure {
  readonly key: FigureKey;
  readonly name: string;
  /** decides the verdict of a scenario */
  readonly isJudged?: boolean;
  readonly show: (value: number) => string;
  readonly from: string;
  readonly resolution: string;
}

const ms = (value: number): string =>
  value < 1000 ? `${value.toFixed(value < 100 ? 1 : 0)} ms` : formatDuration(value);
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

export const figures: readonly Figure[] = [
  {
    key: 'totalMs',
    name: 'total time',
    isJudged: true,
    show: ms,
    from: 'from the moment when Drover lifts the bandwidth limit of the start until event `MIGRATION` `completed` of the source',
    resolution: '1 ms; QEMU notices the lifted limit up to 100 ms later',
  },
  {
    key: 'stopToResumeMs',
    name: 'downtime',
    isJudged: true,
    show: ms,
    from: 'from event `STOP` of the source to event `RESUME` of the destination, by the time stamps of QMP',
    resolution: '1 µs',
  },
  {
    key: 'guestDowntimeMs',
    name: 'guest downtime',
    show: ms,
    from: 'the longest time without a write of the guest to its memory that reaches into the downtime; Drover samples the counters of the writers at both sides; absent if the guest does not write again',
    resolution: 'see the next row',
  },
  {
    key: 'guestDowntimeErrorMs',
    name: 'guest downtime, error',
    show: ms,
    from: 'the largest distance between two samples at both ends of the guest downtime',
    resolution: 'exact; about 1 ms on an idle host',
  },
  {
    key: 'deviceDowntimeMs',
    name: 'guest device downtime',
    show: ms,
    from: 'the longest time without a byte of the guest at a device (`isa-debugcon`) that reaches into the downtime; the x86 guest writes one about every 0.7 ms, and Drover notes when QEMU passes it on; absent with other guests, or if none comes again',
    resolution: 'see the next row',
  },
  {
    key: 'deviceDowntimeErrorMs',
    name: 'guest device downtime, error',
    show: ms,
    from: 'the larger of the distances to the byte before and to the byte after: so much the guest device downtime may be too long',
    resolution: 'exact; about 1 ms on an idle host',
  },
  {
    key: 'guestLostMs',
    name: 'guest time lost',
    show: ms,
    from: 'pages that the guest did not write in the total time and until the destination has completed, as time at its speed before the migration; the downtime included',
    resolution: '4 ms, and as steady as the speed of the guest is',
  },
  {
    key: 'guestRecoveryMs',
    name: 'guest recovery',
    show: ms,
    from: 'from event `RESUME` until the guest writes 90 % of its speed before the migration for 100 ms; absent if not within 0.4 s after the migration',
    resolution: '10 ms',
  },
  {
    key: 'qemuDowntimeMs',
    name: 'downtime by QEMU',
    show: ms,
    from: '`downtime` of `query-migrate`; of postcopy it is too short by far',
    resolution: '1 ms',
  },
  {
    key: 'expectedDowntimeMs',
    name: 'expected downtime',
    show: ms,
    from: 'the last `expected-downtime` of `query-migrate` before event `STOP`; QEMU calculates it when an iteration ends, from the bandwidth of the 100 ms before',
    resolution: '1 ms; the answer is up to 60 ms old',
  },
  {
    key: 'dirtyOverTransfer',
    name: 'dirty rate / transfer rate',
    show: (value) => value.toFixed(2),
    from: '`ram.dirty-pages-rate` over `ram.mbps` in the last answer of `query-migrate` before event `STOP` that has both; from 1 on a precopy does not converge',
    resolution: 'QEMU takes the dirty rate about once a second',
  },
  {
    key: 'setupMs',
    name: 'set-up time',
    show: ms,
    from: '`setup-time` of `query-migrate`',
    resolution: '1 ms',
  },
  {
    key: 'restoreMs',
    name: 'restore',
    show: ms,
    from: 'through a file: from event `MIGRATION` `setup` to `completed` of the destination, which reads the file after the source has written it',
    resolution: '1 µs',
  },
  {
    key: 'transferredBytes',
    name: 'transferred',
    show: megabytes,
    from: '`ram.transferred` of `query-migrate`',
    resolution: '1 byte',
  },
  {
    key: 'precopyBytes',
    name: 'sent in precopy',
    show: megabytes,
    from: '`ram.precopy-bytes` of `query-migrate`, the slow start included',
    resolution: '1 byte',
  },
  {
    key: 'downtimeBytes',
    name: 'sent in the downtime',
    show: megabytes,
    from: '`ram.downtime-bytes`',
    resolution: '1 byte',
  },
  {
    key: 'postcopyBytes',
    name: 'sent in postcopy',
    show: megabytes,
    from: '`ram.postcopy-bytes`',
    resolution: '1 byte',
  },
  {
    key: 'multifdBytes',
    name: 'sent by multifd',
    show: megabytes,
    from: '`ram.multifd-bytes`; no phase above counts it',
    resolution: '1 byte',
  },
  {
    key: 'sentBeforeBytes',
    name: 'sent before',
    show: megabytes,
    from: 'the same when the total time began, at the end of the slow start',
    resolution: '1 byte',
  },
  {
    key: 'megabitsPerSecond',
    name: 'throughput',
    show: (value) => `${value.toFixed(0)} Mbit/s`,
    from: 'transferred bytes, without those sent before, in the total time',
    resolution: 'as total time',
  },
  {
    key: 'iterations',
    name: 'iterations',
    show: (value) => value.toFixed(0),
    from: '`ram.dirty-sync-count` of `query-migrate`; from 11.1 on it counts differently, so do not compare it with older releases',
    resolution: '1',
  },
  {
    key: 'postcopyBlocktimeMs',
    name: 'postcopy blocktime',
    show: ms,
    from: '`postcopy-blocktime` of `query-migrate` of the destination, with capability `postcopy-blocktime`: all virtual processors waited for pages',
    resolution: '1 ms',
  },
  {
    key: 'faultLatencyUs',
    name: 'postcopy fault latency',
    show: (value) => `${value.toFixed(0)} µs`,
    from: 'the mean, `postcopy-latency`; from QEMU 10.1 on',
    resolution: '1 ns',
  },
  {
    key: 'sourceProcessorMs',
    name: 'processor, source',
    show: ms,
    from: '`/proc/PID/stat` of the QEMU, its guest included, over the total time and until the destination has completed',
    resolution: '10 ms',
  },
  {
    key: 'destinationProcessorMs',
    name: 'processor, destination',
    show: ms,
    from: 'the same of the destination',
    resolution: '10 ms',
  },
  {
    key: 'sourcePeakBytes',
    name: 'peak memory, source',
    show: megabytes,
    from: '`VmHWM` in `/proc/PID/status` of the QEMU, the memory that its guest has touched included',
    resolution: '4 KiB',
  },
  {
    key: 'destinationPeakBytes',
    name: 'peak memory, destination',
    show: megabytes,
    from: 'the same of the destination',
    resolution: '4 KiB',
  },
];
