/**
 * What a host does in each scenario: from short benchmarks of a small guest, kept as JSON and used
 * again on the same host with the same QEMU.
 */
import { median } from 'simple-statistics';
import * as v from 'valibot';
import { usageError } from '../../model/errors.js';
import type { HostIdentity, QemuIdentity } from '../../model/events.js';
import { stressTransports } from '../../migration/stress/transports.js';
import type { Measured, Timeline } from '../../model/measured.js';
import type { Side } from '../../model/outcome.js';
import { pageBytes } from '../bench-spec.js';
import { rowOf } from '../contradiction.js';
import type { Sample, ScenarioResult } from '../document.js';
import { resolveScenario } from '../scenario.js';
import type { Scenario } from '../scenario.js';
import type { Speed } from './model.js';

export const calibrationVersion = 1;

export interface CalibratedScenario extends Speed {
  /** of the built-in scenario, without the guest of the calibration */
  readonly name: string;
  readonly migration: Scenario['migration'];
  /** seconds of processor time for 1e9 bytes of guest memory */
  readonly sourceSecondsPerGigabyte: number;
  readonly destinationSecondsPerGigabyte: number;
  /** the source's processor time contains the guest's own */
  readonly includesGuest: boolean;
  /** how much the rate varied: 0.2 means 20 % of its median between the lowest and the highest */
  readonly spread: number;
  readonly migrations: number;
}

export interface Calibration {
  readonly version: typeof calibrationVersion;
  readonly drover: string;
  /** ISO 8601, UTC */
  readonly time: string;
  readonly host: HostIdentity;
  readonly qemu: QemuIdentity;
  readonly accel: string;
  readonly machine: string;
  /** memory of the guest */
  readonly memoryBytes: number;
  readonly scenarios: readonly CalibratedScenario[];
  /** scenarios without a speed, and why */
  readonly missing: readonly { readonly name: string; readonly why: string }[];
}

/** The guest of a calibration: it writes fast enough for iterations, and slower than any host sends. */
const guest = { memoryMiB: 256, pacePagesPerSecond: 32_768 } as const;
export const calibrationBytes = guest.memoryMiB * 2 ** 20;
const dirtyBytesPerSecond = guest.pacePagesPerSecond * pageBytes;
const guestRate = `${dirtyBytesPerSecond / 2 ** 20} MiB/s`;
/** so short that hardly any data is part of the downtime */
const limits = { downtimeLimitMs: 20 } as const;

export const calibrated = ({ migration, machine }: Scenario): Scenario =>
  resolveScenario({ guest, machine, migration, limits }, 'calibration');

/** @param name of the scenario before it got the guest of the calibration */
export function speedOf(name: string, result: ScenarioResult): CalibratedScenario | string {
  const { scenario, samples, skipped } = result;
  if (skipped !== undefined) return `skipped: ${skipped}`;
  const passed = samples.flatMap((sample) => partsOf(scenario, sample) ?? []);
  if (passed.length === 0) {
    const failed = samples.find(({ failure }) => failure !== undefined)?.failure?.message;
    return failed ?? `it did not converge while the calibration's guest wrote ${guestRate}`;
  }
  const of = (key: keyof Parts): number => median(passed.map((parts) => Number(parts[key])));
  const rates = passed.map(({ bytesPerSecond }) => bytesPerSecond);
  return {
    name,
    migration: scenario.migration,
    isPostcopy: rowOf(scenario.migration)?.flow === 'postcopy',
    bytesPerSecond: of('bytesPerSecond'),
    wireShare: of('wireShare'),
    setupMs: of('setupMs'),
    fixedDowntimeMs: of('fixedDowntimeMs'),
    sourceSecondsPerGigabyte: of('sourceSeconds'),
    destinationSecondsPerGigabyte: of('destinationSeconds'),
    includesGuest: passed.some(({ includesGuest }) => includesGuest),
    spread: (Math.max(...rates) - Math.min(...rates)) / of('bytesPerSecond'),
    migrations: passed.length,
  };
}

interface Parts {
  readonly bytesPerSecond: number;
  readonly wireShare: number;
  readonly setupMs: number;
  readonly fixedDowntimeMs: number;
  readonly sourceSeconds: number;
  readonly destinationSeconds: number;
  readonly includesGuest: boolean;
}

/** undefined for a migration that failed, that Drover forced, or whose clock was set back */
function partsOf(scenario: Scenario, { measured, timeline }: Sample): Parts | undefined {
  const { totalMs = 0, stopToResumeMs = 0, transferredBytes = 0 } = measured ?? {};
  const activeMs = totalMs - stopToResumeMs;
  const wireBytes = transferredBytes - (measured?.sentBeforeBytes ?? 0);
  if (measured === undefined || measured.isForced === true) return undefined;
  if (activeMs <= 0 || stopToResumeMs <= 0 || wireBytes <= 0) return undefined;
  const memoryBytes = isCompressed(scenario)
    ? calibrationBytes + (dirtyBytesPerSecond * activeMs) / 1000
    : wireBytes;
  const gigabytes = memoryBytes / 1e9;
  return {
    bytesPerSecond: (memoryBytes / activeMs) * 1000,
    wireShare: wireBytes / memoryBytes,
    setupMs: measured.setupMs ?? 0,
    fixedDowntimeMs: stopToResumeMs,
    sourceSeconds: processorMs('source', measured, timeline) / 1000 / gigabytes,
    destinationSeconds: processorMs('destination', measured, timeline) / 1000 / gigabytes,
    includesGuest: timeline === undefined,
  };
}

/** Drover cannot tell how much memory the bytes on the wire stand for. */
export function isCompressed({ migration }: Pick<Scenario, 'migration'>): boolean {
  const { capabilities = [], parameters = {} } = migration;
  const method = parameters['multifd-compression'] ?? 'none';
  return method !== 'none' || capabilities.includes('xbzrle');
}

/** Without the guest's own time where the threads are known. */
function processorMs(side: Side, measured: Measured, timeline: Timeline | undefined): number {
  if (timeline !== undefined) {
    const own = timeline.processor.filter((each) => each.side === side && each.threads !== 'vCPU');
    return own.reduce((sum, { ms }) => sum + ms, 0);
  }
  const { sourceProcessorMs, destinationProcessorMs } = measured;
  return (side === 'source' ? sourceProcessorMs : destinationProcessorMs) ?? 0;
}

/** what to do about a file that is of no use */
export const anotherFile = 'give another file, or remove this one to calibrate again';

const positive = v.pipe(v.number(), v.gtValue(0));
const shape = v.looseObject({
  version: v.literal(calibrationVersion),
  time: v.string(),
  host: v.looseObject({ hostname: v.string(), cpu: v.string(), kernel: v.string() }),
  qemu: v.looseObject({
    version: v.string(),
    package: v.string(),
    digest: v.optional(v.string()),
  }),
  accel: v.string(),
  memoryBytes: positive,
  scenarios: v.array(
    v.looseObject({
      name: v.string(),
      migration: v.looseObject({
        transport: v.picklist(stressTransports.map(({ name }) => name)),
      }),
      isPostcopy: v.boolean(),
      bytesPerSecond: positive,
      wireShare: positive,
      setupMs: v.number(),
      fixedDowntimeMs: v.number(),
      sourceSecondsPerGigabyte: v.number(),
      destinationSecondsPerGigabyte: v.number(),
      includesGuest: v.boolean(),
      spread: v.number(),
      migrations: v.number(),
    }),
  ),
  missing: v.array(v.looseObject({ name: v.string(), why: v.string() })),
});

/** @throws HarnessError `bad-calibration` */
export function parseCalibration(text: string, file: string): Calibration {
  const refuse = (why: string): never => {
    throw usageError('bad-calibration', `--calibration: ${file}: ${why}; ${anotherFile}`);
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    refuse('it is not JSON');
  }
  if (!v.is(shape, value)) {
    return refuse(`it is no calibration of version ${calibrationVersion} (drover advise)`);
  }
  return value as unknown as Calibration;
}

/** What makes a calibration worthless here; undefined: nothing. */
export function foreignness(
  { host, qemu, accel }: Calibration,
  here: {
    readonly host: HostIdentity;
    readonly qemu: QemuIdentity;
    readonly accel: string;
  },
): string | undefined {
  for (const [what, was, is] of [
    ['host', host.hostname, here.host.hostname],
    ['processor', host.cpu, here.host.cpu],
    ['kernel', host.kernel, here.host.kernel],
    ['QEMU', `${qemu.version} ${qemu.package}`, `${here.qemu.version} ${here.qemu.package}`],
    ['accelerator', accel, here.accel],
  ] as const) {
    if (was !== is)
      return `it was made with another ${what}: ${was.trim()}, and here it is ${is.trim()}`;
  }
  return qemu.digest !== undefined &&
    here.qemu.digest !== undefined &&
    qemu.digest !== here.qemu.digest
    ? `it was made with another build of QEMU ${qemu.version}`
    : undefined;
}
