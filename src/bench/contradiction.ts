/** What the fields of one scenario exclude. Pure. */
import { stressTransports } from '../migration/stress/transports.js';
import type { StressTransport } from '../migration/stress/transports.js';
import { unsupportedCapability } from '../migration/stress/unmet.js';
import type { ScenarioInput } from '../suite/scenario-input.js';

type Migration = ScenarioInput['migration'];

export const rowOf = ({ transport }: Migration): StressTransport | undefined =>
  stressTransports.find(({ name }) => name === transport);

/** parameters that a field sets */
const fieldsInstead: Readonly<Record<string, string>> = {
  'downtime-limit': 'limits.downtimeLimitMs',
  'multifd-channels': 'migration.channels',
  'tls-creds': 'migration.tls',
};

interface Given {
  readonly guest: NonNullable<ScenarioInput['guest']> & { readonly memoryMiB: number };
  readonly machine: NonNullable<ScenarioInput['machine']>;
  readonly migration: Migration;
}

function isPlainMultifd({ transport, tls, parameters = {} }: Migration): boolean {
  const method = parameters['multifd-compression'] ?? 'none';
  return transport === 'multifd' && tls === undefined && method === 'none';
}

const pagesPerMiB = 256;

/** Why the hot part cannot have its share: it is written at least once in each pass over the rest. */
function hotFault(
  { hotMiB, hotPercent, writers = 1 }: Given['guest'],
  written: number,
): string | undefined {
  if (hotMiB === undefined || hotPercent === undefined) return undefined;
  const least = Math.ceil((100 * hotMiB) / written);
  if (hotPercent < least)
    return `guest.hotPercent: ${hotMiB} of ${written} MiB take at least ${least} % of the writes`;
  const pages = Math.floor((hotMiB * pagesPerMiB) / writers);
  return pages * (100 - hotPercent) < hotPercent
    ? `guest.hotMiB: with ${pages} hot pages of each writer the hot part cannot take ${hotPercent} % of the writes; give more, or fewer writers`
    : undefined;
}

/** The first fault; undefined without one. */
export function contradiction({ guest, machine, migration }: Given): string | undefined {
  const { transport, channels, tls, tlsPriority, pauseAfter } = migration;
  const { postcopyAfter, postcopyAfterBytes } = migration;
  const { capabilities = [], parameters = {} } = migration;
  const row = rowOf(migration);
  if (channels !== undefined && row?.takesChannels !== true)
    return `migration.channels: transport ${transport} has one channel only`;
  if (postcopyAfter !== undefined && row?.flow !== 'postcopy')
    return `migration.postcopyAfter: transport ${transport} is no postcopy`;
  if (postcopyAfterBytes !== undefined && row?.flow !== 'postcopy')
    return `migration.postcopyAfterBytes: transport ${transport} is no postcopy`;
  if (postcopyAfterBytes !== undefined && postcopyAfter !== undefined)
    return 'migration.postcopyAfterBytes: give it or migration.postcopyAfter, not both';
  if (pauseAfter !== undefined && row?.flow === 'postcopy')
    return `migration.pauseAfter: transport ${transport} is postcopy, which stops the guest itself`;
  if (tls !== undefined && row?.flow === 'file')
    return `migration.tls: transport ${transport} has no connection`;
  if (tlsPriority !== undefined && tls === undefined)
    return 'migration.tlsPriority: only with migration.tls';
  if (guest.workingSetMiB !== undefined && guest.workingSetMiB >= guest.memoryMiB)
    return 'guest.workingSetMiB: it must be less than guest.memoryMiB';
  if (guest.hotPercent !== undefined && guest.hotMiB === undefined)
    return 'guest.hotPercent: only with guest.hotMiB';
  const written = guest.workingSetMiB ?? guest.memoryMiB;
  if (guest.hotMiB !== undefined && guest.hotMiB > written / 2)
    return `guest.hotMiB: it must be at most half of what the guest writes (${written} MiB)`;
  const hot = hotFault(guest, written);
  if (hot !== undefined) return hot;
  if (machine.dirtyRingSize !== undefined && machine.accel !== 'kvm')
    return 'machine.dirtyRingSize: only KVM has a dirty ring';
  const unsupported = unsupportedCapability(capabilities, machine.dirtyRingSize !== undefined);
  if (unsupported !== undefined) return `migration.capabilities: ${unsupported}`;
  if (capabilities.includes('zero-copy-send') && !isPlainMultifd(migration))
    return 'migration.capabilities: zero-copy-send needs multifd without TLS and compression';
  if (parameters['direct-io'] === true && transport !== 'mapped-ram-multifd')
    return 'migration.parameters: QEMU uses direct-io with transport mapped-ram-multifd only';
  const taken = Object.entries(fieldsInstead).find(([name]) => Object.hasOwn(parameters, name));
  return taken === undefined
    ? undefined
    : `migration.parameters: give ${taken[1]} instead of parameter ${taken[0]}`;
}
