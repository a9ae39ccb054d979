/** What to type for a scenario: QEMU's command line, QMP commands, and libvirt. Pure. */
import { shellQuote } from '../../model/shell.js';
import { rowOf } from '../contradiction.js';
import type { CalibratedScenario } from './calibration.js';
import type { Workload } from './model.js';

export interface Flags {
  /** in addition to the command line that both have */
  readonly qemu: readonly string[];
  /** in order; on both sides where it does not say which */
  readonly qmp: readonly string[];
  /** absent where libvirt has no such migration */
  readonly virsh?: readonly string[] | undefined;
}

const usualChannels = 4;

export function flagsOf(
  { migration, isPostcopy, fixedDowntimeMs }: CalibratedScenario,
  { networkBytesPerSecond, downtimeMs }: Workload,
): Flags {
  const row = rowOf(migration);
  const { channels = usualChannels, tls, parameters = {} } = migration;
  // QEMU's limit is about the data alone, so the fixed part is taken off
  const limitMs = Math.max(1, Math.floor(downtimeMs - fixedDowntimeMs));
  const capabilities = [...(row?.capabilities ?? []), ...(migration.capabilities ?? [])];
  const command = (execute: string, args?: object): string =>
    JSON.stringify({ execute, arguments: args });
  const settings = {
    'multifd-channels': row?.takesChannels === true ? channels : undefined,
    ...parameters,
    'tls-creds': tls === undefined ? undefined : 'tls0',
    'max-bandwidth': Math.floor(networkBytesPerSecond),
    'downtime-limit': isPostcopy ? undefined : limitMs,
  };
  const switchedOn = capabilities.map((capability) => ({ capability, state: true }));
  const credentials = `-object tls-creds-${tls ?? ''},id=tls0,dir=KEYS,endpoint=`;
  return {
    qemu: [
      'destination: -incoming defer',
      ...(tls === undefined
        ? []
        : [`source: ${credentials}client`, `destination: ${credentials}server`]),
    ],
    qmp: [
      ...(switchedOn.length === 0
        ? []
        : [command('migrate-set-capabilities', { capabilities: switchedOn })]),
      command('migrate-set-parameters', settings),
      `destination: ${command('migrate-incoming', { uri: 'tcp:0:4444' })}`,
      `source: ${command('migrate', { uri: 'tcp:DESTINATION:4444' })}`,
      ...(isPostcopy
        ? [`source, after the first iteration: ${command('migrate-start-postcopy')}`]
        : []),
    ],
    virsh: virshOf(row?.name ?? '', capabilities, {
      channels,
      tls: tls !== undefined,
      compression: parameters['multifd-compression'],
      mebibytesPerSecond: Math.max(1, Math.floor(networkBytesPerSecond / 2 ** 20)),
      limitMs: isPostcopy ? undefined : limitMs,
    }),
  };
}

interface VirshOptions {
  readonly channels: number;
  readonly tls: boolean;
  readonly compression: unknown;
  readonly mebibytesPerSecond: number;
  readonly limitMs: number | undefined;
}

/** options of virsh for capabilities that have one */
const ofCapability: Readonly<Record<string, readonly string[]>> = {
  'auto-converge': ['--auto-converge'],
  'zero-copy-send': ['--zerocopy'],
  xbzrle: ['--compressed', '--comp-methods', 'xbzrle'],
  // libvirt switches these on by itself
  multifd: [],
  'postcopy-ram': [],
  'postcopy-preempt': [],
  'return-path': [],
};

function virshOf(
  transport: string,
  capabilities: readonly string[],
  { channels, tls, compression = 'none', mebibytesPerSecond, limitMs }: VirshOptions,
): string[] | undefined {
  if (!['tcp', 'multifd', 'postcopy', 'postcopy-preempt'].includes(transport)) return undefined;
  if (capabilities.some((name) => ofCapability[name] === undefined)) return undefined;
  const words = [
    ...['virsh', 'migrate', '--live', '--verbose'],
    ...(transport === 'multifd' ? ['--parallel', '--parallel-connections', String(channels)] : []),
    ...(compression === 'none' ? [] : ['--compressed', '--comp-methods', String(compression)]),
    ...(transport.startsWith('postcopy') ? ['--postcopy', '--postcopy-after-precopy'] : []),
    ...(tls ? ['--tls'] : []),
    ...capabilities.flatMap((name) => ofCapability[name] ?? []),
    ...['--bandwidth', String(mebibytesPerSecond)],
    ...['DOMAIN', 'qemu+ssh://DESTINATION/system'],
  ];
  return [
    words.map(shellQuote).join(' '),
    ...(limitMs === undefined
      ? []
      : [`virsh migrate-setmaxdowntime DOMAIN ${limitMs}   (while it migrates)`]),
  ];
}
